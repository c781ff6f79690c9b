import { createHash } from 'node:crypto';
import { type Client, markUsed, peekSingleUse, type User } from '../../model/index.ts';
import { seal, unseal } from '../seal.ts';
import { textOf } from '../text-of.ts';
import type { Visit } from '../visit.ts';

/** What the click in a mail does. */
export type MailPurpose = 'verify-email' | 'reset-credentials' | 'execute-actions';

/** A key that went out by mail (Keycloak's action token). Whoever has it reads the user's mail. */
export interface ActionKey {
  readonly id: string;
  readonly purpose: MailPurpose;
  readonly user: User;
  readonly actions: readonly string[];
  /** The tab whose login asked for the mail; only the browser that has its cookie too may go on in it. */
  readonly tabId: string | undefined;
  readonly clientUuid: string | undefined;
  /** Where an administrator's mail leads back to. Checked when the mail was made. */
  readonly redirectUri: string | undefined;
}

export interface NewActionKey {
  readonly purpose: MailPurpose;
  readonly user: User;
  readonly client: Client | undefined;
  readonly tabId?: string;
  readonly actions?: readonly string[];
  readonly redirectUri?: string;
}

/** Makes a key that lives `lifetime` seconds and dies with the first use, a new e-mail address or a new password. */
export async function makeActionKey(
  visit: Pick<Visit, 'context' | 'realm'>,
  lifetime: number,
  given: NewActionKey,
): Promise<string> {
  const { context, realm } = visit;
  return await seal(context, realm, 'mail-action', lifetime, {
    id: context.state.newUuid(),
    purpose: given.purpose,
    userId: given.user.id,
    stamp: stampOf(given.user),
    actions: given.actions ?? [],
    ...(given.tabId === undefined ? {} : { tabId: given.tabId }),
    ...(given.client === undefined ? {} : { clientUuid: given.client.id }),
    ...(given.redirectUri === undefined ? {} : { redirectUri: given.redirectUri }),
  });
}

const usedPurpose = 'mail-action-used';

/** Reads a key without spending it; undefined if it is not ours, expired, spent or overtaken by a change of the user. */
export async function readActionKey(visit: Visit, text: string): Promise<ActionKey | undefined> {
  const { context, realm } = visit;
  const body = await unseal(context, realm, 'mail-action', text);
  if (body === undefined) return undefined;
  const { id, purpose, userId, stamp, actions, tabId, clientUuid, redirectUri } = body;
  const user = context.state.users.inRealm(realm.id, textOf(userId));
  if (user?.enabled !== true || stampOf(user) !== stamp) return undefined;
  if (peekSingleUse(context.state, realm.id, usedPurpose, textOf(id)) !== undefined) return undefined;
  return {
    id: textOf(id),
    // Written by `makeActionKey` and sealed since.
    purpose: purpose as MailPurpose,
    user,
    actions: Array.isArray(actions) ? actions.filter((it) => typeof it === 'string') : [],
    tabId: textOf(tabId) || undefined,
    clientUuid: textOf(clientUuid) || undefined,
    redirectUri: textOf(redirectUri) || undefined,
  };
}

/** Spends a key; false if another request did so first. */
export function spendActionKey(visit: Visit, key: ActionKey): boolean {
  const { state } = visit.context;
  // No key lives longer than this: a day beyond the longest lifespan of the realm.
  const longest = Math.max(
    visit.realm.actionTokenGeneratedByAdminLifespan,
    visit.realm.actionTokenGeneratedByUserLifespan,
  );
  return markUsed(state, visit.realm.id, usedPurpose, key.id, state.now() + longest + 86_400);
}

// What of a user a key speaks of: the address that it was sent to and the password that it may replace.
function stampOf(user: User): string {
  const facts = [user.email ?? '', ...user.credentials.map((it) => `${it.id} ${it.createdDate}`)];
  return createHash('sha256').update(JSON.stringify(facts)).digest('base64url');
}
