import type { IdpContext } from '../context.ts';
import {
  type Client,
  createSession,
  putClientSession,
  type Realm,
  type User,
  type UserSession,
} from '../model/index.ts';
import { issueTokens } from './issue.ts';
import type { GrantKind, IssuedTokens } from './token-request.ts';
import type { GrantedScopes } from './scopes.ts';

/** A finished login that is about to become a session and tokens. */
export interface Login {
  readonly realm: Realm;
  readonly client: Client;
  readonly user: User;
  readonly issuer: string;
  readonly address: string;
  readonly grant: GrantKind;
  readonly scopes: GrantedScopes;
  readonly scopeParameter: string;
  readonly nonce?: string;
  readonly dpopThumbprint?: string;
  /** Narrows the tokens to these audiences (RFC 8707). */
  readonly audiences?: readonly string[];
  /** The session that the pages began; absent: a new one starts. */
  readonly session?: UserSession;
  readonly redirectUri?: string;
}

/**
 * Gives the client its part of the session and issues the tokens. With `offline_access` the client's part moves to an
 * offline session of the same id, which outlives the online one.
 */
export async function startLogin(
  context: IdpContext,
  login: Login,
): Promise<{ readonly session: UserSession; readonly issued: IssuedTokens }> {
  const { realm, client, user, scopes } = login;
  const { state } = context;
  const offline = scopes.offline;
  const part = {
    scope: login.scopeParameter,
    ...(login.redirectUri === undefined ? {} : { redirectUri: login.redirectUri }),
  };
  const session = state.transaction(() => {
    const started =
      login.session ?? createSession(state, { realmId: realm.id, userId: user.id, ipAddress: login.address });
    const online = putClientSession(state, started, client, part);
    if (!offline) return online;
    const now = state.now();
    // A new offline grant of the same client begins anew; other clients keep their part of the offline session.
    const before = state.offlineSessions.inRealm(realm.id, online.id) ?? { ...online, started: now, clients: {} };
    const { [client.id]: _old, ...others } = before.clients;
    return putClientSession(state, { ...before, clients: others }, client, part, true);
  });
  const { nonce, dpopThumbprint, audiences } = login;
  const issued = await issueTokens(context, {
    realm,
    client,
    user,
    issuer: login.issuer,
    session,
    kind: offline ? 'of' : 'on',
    grant: login.grant,
    scopes,
    refresh: client.attributes['use.refresh.tokens'] !== 'false',
    idToken: true,
    ...(nonce === undefined ? {} : { nonce }),
    ...(dpopThumbprint === undefined ? {} : { dpopThumbprint }),
    ...(audiences === undefined ? {} : { audiences }),
  });
  return { session, issued };
}
