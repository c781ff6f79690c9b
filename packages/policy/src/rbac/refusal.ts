import { unreachable } from '@keyturn/protocol';

/** Why a function left the model as it was. */
export type RbacRefusal =
  | { readonly why: 'malformed-name'; readonly what: 'user' | 'role' | 'session' | 'set'; readonly name: string }
  | { readonly why: 'malformed-permission'; readonly text: string }
  | { readonly why: 'user-exists' | 'unknown-user'; readonly user: string }
  | { readonly why: 'role-exists' | 'unknown-role'; readonly role: string }
  | { readonly why: 'already-assigned' | 'not-assigned'; readonly user: string; readonly role: string }
  | { readonly why: 'already-granted' | 'not-granted'; readonly role: string; readonly permission: string }
  | { readonly why: 'session-exists' | 'unknown-session'; readonly session: string }
  | { readonly why: 'not-session-owner'; readonly user: string; readonly session: string }
  | { readonly why: 'not-authorized'; readonly user: string; readonly role: string }
  | { readonly why: 'already-active' | 'not-active'; readonly session: string; readonly role: string }
  | { readonly why: 'already-inherits' | 'not-inherited'; readonly senior: string; readonly junior: string }
  /** `path` leads from the intended junior up to the intended senior. */
  | { readonly why: 'cycle'; readonly senior: string; readonly junior: string; readonly path: readonly string[] }
  | ({ readonly why: 'set-exists' | 'unknown-set' } & NamedSet)
  | ({ readonly why: 'role-in-set' | 'role-not-in-set'; readonly role: string } & NamedSet)
  /** A set has at least as many roles as its cardinality, which is at least 2. */
  | ({ readonly why: 'bad-cardinality'; readonly cardinality: number; readonly size: number } & NamedSet)
  | SsdRefusal
  | DsdRefusal;

export interface NamedSet {
  readonly kind: 'ssd' | 'dsd';
  readonly set: string;
}

/** The user would be authorised for `roles`, of which the set allows fewer than `cardinality`. */
export interface SsdRefusal {
  readonly why: 'ssd';
  readonly set: string;
  readonly cardinality: number;
  readonly user: string;
  readonly roles: readonly string[];
}

/** The session would have `roles` active, of which the set allows fewer than `cardinality`. */
export interface DsdRefusal {
  readonly why: 'dsd';
  readonly set: string;
  readonly cardinality: number;
  readonly user: string;
  readonly session: string;
  readonly roles: readonly string[];
}

/** One sentence for people. */
export function explainRbacRefusal(refusal: RbacRefusal): string {
  switch (refusal.why) {
    case 'malformed-name':
      return `${JSON.stringify(refusal.name)} is no name of a ${refusal.what}: it is empty, too long, a dot or two, has control characters or blanks at its ends, or is not in Unicode's composed form (NFC).`;
    case 'malformed-permission':
      return `${JSON.stringify(refusal.text)} is no permission. It is domain.action, as in content.publish, content.*, *.view or *; with an object, tool.call@tool:pizzeria/*.`;
    case 'user-exists':
      return `The user ${refusal.user} exists.`;
    case 'unknown-user':
      return `There is no user ${refusal.user}.`;
    case 'role-exists':
      return `The role ${refusal.role} exists.`;
    case 'unknown-role':
      return `There is no role ${refusal.role}.`;
    case 'already-assigned':
      return `${refusal.user} has been assigned the role ${refusal.role}.`;
    case 'not-assigned':
      return `${refusal.user} has not been assigned the role ${refusal.role} in this way.`;
    case 'already-granted':
      return `The role ${refusal.role} has the permission ${refusal.permission}.`;
    case 'not-granted':
      return `The role ${refusal.role} does not have the permission ${refusal.permission} of its own.`;
    case 'session-exists':
      return `The session ${refusal.session} exists.`;
    case 'unknown-session':
      return `There is no session ${refusal.session}.`;
    case 'not-session-owner':
      return `The session ${refusal.session} is not one of ${refusal.user}.`;
    case 'not-authorized':
      return `${refusal.user} is not authorised for the role ${refusal.role}.`;
    case 'already-active':
      return `The role ${refusal.role} is active in this session.`;
    case 'not-active':
      return `The role ${refusal.role} is not active in this session.`;
    case 'already-inherits':
      return `${refusal.senior} inherits from ${refusal.junior}.`;
    case 'not-inherited':
      return `${refusal.senior} does not inherit from ${refusal.junior} immediately.`;
    case 'cycle':
      return `${refusal.senior} cannot inherit from ${refusal.junior}, which inherits from it: ${refusal.path.join(' → ')}.`;
    case 'set-exists':
      return `The ${nameOf(refusal)} exists.`;
    case 'unknown-set':
      return `There is no ${nameOf(refusal)}.`;
    case 'role-in-set':
      return `The role ${refusal.role} is in the ${nameOf(refusal)}.`;
    case 'role-not-in-set':
      return `The role ${refusal.role} is not in the ${nameOf(refusal)}.`;
    case 'bad-cardinality':
      return `The ${nameOf(refusal)} cannot have ${refusal.size} roles and the cardinality ${refusal.cardinality}: it is a whole number from 2 to the number of roles.`;
    case 'ssd':
      return `Static separation of duty: ${refusal.user} would be authorised for ${refusal.roles.join(' and ')}, and the set ${refusal.set} allows fewer than ${refusal.cardinality} of these.`;
    case 'dsd':
      return `Dynamic separation of duty: ${refusal.user} would have ${refusal.roles.join(' and ')} active at once, and the set ${refusal.set} allows fewer than ${refusal.cardinality} of these in one session.`;
    default:
      return unreachable(refusal);
  }
}

function nameOf({ kind, set }: NamedSet): string {
  return `${kind === 'ssd' ? 'SSD' : 'DSD'} role set ${set}`;
}
