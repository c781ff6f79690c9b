import { buildPermissionSet } from '@keyturn/policy/rbac';
import {
  type EpochMilliseconds,
  epochMilliseconds,
  epochSeconds,
  type JsonObject,
  newId,
  seconds,
} from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import { randomBytes } from 'node:crypto';
import { Bearer } from '../../http/bearer.ts';
import type { Caller } from '../../http/caller.ts';
import type { Action, ApprovalsAsked, Decision, Permitted } from '../../http/rooms.ts';
import { type Book, openBook } from './book.ts';
import { type Gate, openGate } from './gate.ts';
import { type Keeper, openKeeper } from './keeper.ts';
import type { Membership } from './membership.ts';
import { openRequestRepository, type RequestRepository } from './repository.ts';
import { requestMigrations } from './tables.ts';

/** For tests: the rules of requests over a real database, with a clock and policies that the test sets. */
export interface Desk {
  readonly book: Book;
  readonly gate: Gate;
  readonly keeper: Keeper;
  readonly repository: RequestRepository;
  readonly clock: () => EpochMilliseconds;
  readonly advance: (seconds: number) => void;
  readonly policy: { decision: Decision; byArgs?: (args: JsonObject) => Decision };
  readonly members: { current: Membership };
  readonly rolesNow: { current: (identity: string) => readonly string[] | 'gone' | undefined };
  /** Takes a tool call through the third room. */
  readonly call: (caller: Caller, args: JsonObject, more?: Partial<Action>) => ReturnType<Gate['secondKey']>;
}

export const issuer = 'https://id.example/realms/aip';
export const startOfDesk = 1_800_000_000_000;

export const askOne: ApprovalsAsked = { from: [], count: 1, within: seconds(600) };

export function needs(approvals: ApprovalsAsked = askOne, policyVersion = 'guard@1'): Decision {
  return { effect: 'needs-second-key', reason: 'It destroys things.', rule: 'destructive', approvals, policyVersion };
}

/** Opens one on a store that has been migrated; several on one store are replicas. */
export function openDesk(
  store: Store,
  given: Partial<Pick<Desk, 'policy' | 'members'>> & { clock?: Desk['clock'] } = {},
): Desk {
  let now = startOfDesk;
  const clock = given.clock ?? ((): EpochMilliseconds => epochMilliseconds(now));
  const policy: Desk['policy'] = given.policy ?? { decision: needs() };
  const members: Desk['members'] = given.members ?? {
    current: {
      agentSubjects: ['aip-agent-1', 'aip-agent-2', 'alice-sub'],
      reviewerSubjects: ['aip-reviewer-1', 'bob-sub', 'carol-sub', 'aip-agent-1', 'alice-sub'],
      agentRoles: [],
      reviewerRoles: ['approver'],
      identityClaim: 'azp',
      clientOwners: { 'aip-agent-2': ['Carol'] },
      sharedApprovers: [],
    },
  };
  const rolesNow: Desk['rolesNow'] = { current: () => undefined };
  const repository = openRequestRepository(store);
  const keeper = openKeeper(repository, clock);
  const decide = (_caller: Caller, { args = {} }: Action): Decision => policy.byArgs?.(args) ?? policy.decision;
  const shared = {
    repository,
    keeper,
    members: () => members.current,
    rolesNow: async ({ identity }: { identity: string }) => rolesNow.current(identity),
    clock,
    random: randomBytes,
    maxPending: 20,
  };
  const gate = openGate({ ...shared, lease: seconds(60), within: seconds(600) });
  const book = openBook({
    ...shared,
    decide,
    decideAgain: decide,
    checkArguments: (_tool, args) =>
      args['bad'] === undefined ? [] : [{ field: '/parameters/bad', message: 'is unknown' }],
    times: { within: seconds(600), execution: seconds(300) },
  });
  return {
    book,
    gate,
    keeper,
    repository,
    clock,
    advance: (by) => {
      now += by * 1000;
    },
    policy,
    members,
    rolesNow,
    call: (caller, args, more = {}) => {
      const action: Action = { ...toolAction(args), ...more };
      // The third room is handed what the second has let through.
      return gate.secondKey({ caller, action, decision: decide(caller, action) } as Permitted);
    },
  };
}

export function toolAction(args: JsonObject): Action {
  const tool = { id: 'pizzeria/cancel', source: 'pizzeria', name: 'cancel', method: 'DELETE', path: '/orders/{id}' };
  return {
    kind: 'tool.call',
    target: tool.id,
    targetUri: `tool://${tool.id}`,
    tool: { ...tool, tags: [], readOnly: false, hash: 'h1', audience: 'pizzeria-backend' },
    args,
  };
}

export interface Who {
  readonly subject: string;
  readonly client?: string;
  readonly serviceAccount?: boolean;
  readonly username?: string;
  readonly roles?: readonly string[];
  readonly claims?: JsonObject;
  readonly pat?: Caller['pat'];
}

/** A caller as the first room would let them in. */
export function callerOf({
  subject,
  client,
  serviceAccount = false,
  username,
  roles = [],
  claims = {},
  pat,
}: Who): Caller {
  const all = {
    iss: issuer,
    sub: subject,
    ...(username === undefined ? {} : { preferred_username: username }),
    ...claims,
  };
  return {
    principal: {
      issuer,
      identity: subject,
      subject,
      client,
      serviceAccount,
      audiences: ['keyturn'],
      scopes: [],
      roles: { realm: [], clients: {} },
      tokenId: `jti-${subject}`,
      sessionId: serviceAccount ? undefined : `sid-${subject}`,
      issuedAt: epochSeconds(startOfDesk / 1000),
      expiresAt: epochSeconds(startOfDesk / 1000 + 3600),
      claims: all,
    },
    roles,
    permissions: buildPermissionSet([]),
    primaryRole: undefined,
    bearer: new Bearer('x'),
    ...(pat === undefined ? {} : { pat }),
  };
}

export const agent = callerOf({
  subject: 'sa-1',
  client: 'aip-agent-1',
  serviceAccount: true,
  username: 'service-account-aip-agent-1',
});
export const otherAgent = callerOf({ subject: 'sa-2', client: 'aip-agent-2', serviceAccount: true });
export const reviewer = callerOf({ subject: 'sa-r1', client: 'aip-reviewer-1', serviceAccount: true });
export const alice = callerOf({ subject: 'alice-sub', client: 'web', username: 'alice' });
export const bob = callerOf({ subject: 'bob-sub', client: 'web', username: 'bob', claims: { acr: '1' } });
export const carol = callerOf({ subject: 'carol-sub', client: 'web', username: 'carol' });

export async function migrate(store: Store): Promise<void> {
  await store.migrate(requestMigrations);
}

/** A personal access token of somebody, as the first room marks the caller. */
export function patOf(mayApprove: boolean): NonNullable<Caller['pat']> {
  return { id: newId('pat', randomBytes), kind: 'reference', limits: { readOnly: false, mayApprove } };
}
