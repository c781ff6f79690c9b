import { pendingActions } from '../../authentication.ts';
import type { Client, Realm, User } from '../../model/index.ts';
import type { Visit } from '../visit.ts';
import { needsConsent } from './consent.ts';
import type { Ticket } from './ticket.ts';

/** What stands between a known user and the end of the login, by Keycloak's aliases. */
export type Step =
  | 'TERMS_AND_CONDITIONS'
  | 'UPDATE_PASSWORD'
  | 'UPDATE_PROFILE'
  | 'VERIFY_PROFILE'
  | 'VERIFY_EMAIL'
  | 'OAUTH_GRANT';

const pages: readonly string[] = [
  'TERMS_AND_CONDITIONS',
  'UPDATE_PASSWORD',
  'UPDATE_PROFILE',
  'VERIFY_PROFILE',
  'VERIFY_EMAIL',
] satisfies readonly Step[];

/** What of a login decides on its next step. */
export type Progress = Pick<Ticket, 'goal' | 'actions' | 'consented'>;

/** The next step, in the order of the realm's priorities; an action without a page here is named as such. */
export function nextStep(
  visit: Visit,
  client: Client,
  progress: Progress,
  user: User,
): Step | { readonly unsupported: string } | undefined {
  const { realm, context } = visit;
  const [action] = actionsOf(realm, progress, user);
  if (action !== undefined) return isStep(action) ? action : { unsupported: action };
  const { goal, consented } = progress;
  if (consented) return undefined;
  switch (goal.kind) {
    case 'code': {
      const forced = client.consentRequired && goal.request.prompts.includes('consent');
      return forced || needsConsent(context.state, client, user, goal.request.scope) ? 'OAUTH_GRANT' : undefined;
    }
    // A device is always asked about: the code may have come from somebody else (RFC 8628 §5.4).
    case 'device':
      return 'OAUTH_GRANT';
    case 'account':
    case 'actions':
      return undefined;
  }
}

function actionsOf(realm: Realm, ticket: Progress, user: User): readonly string[] {
  const priority = (alias: string): number => realm.requiredActions.find((it) => it.alias === alias)?.priority ?? 1000;
  // A mail for one's own actions asks for these alone; everything else waits for the next login.
  const all = ticket.goal.kind === 'actions' ? ticket.actions : [...ticket.actions, ...pendingActions(realm, user)];
  // There is nothing to verify without an address; Keycloak passes over it as well.
  const wanted = all.filter((it) => it !== 'VERIFY_EMAIL' || (user.email ?? '') !== '');
  return [...new Set(wanted)].sort((a, b) => priority(a) - priority(b));
}

/** Whether there is a page for a required action. */
export function isStep(alias: string): alias is Step {
  return pages.includes(alias);
}
