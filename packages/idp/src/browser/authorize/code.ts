import {
  type Client,
  type IdpState,
  peekSingleUse,
  purposeOf,
  putSingleUse,
  type Realm,
  removeClientSession,
  takeSingleUse,
  type UserSession,
} from '../../model/index.ts';
import { textOf } from '../text-of.ts';
import type { CodeChallenge } from './pkce.ts';
import type { AuthorizationRequest } from './request.ts';

/** What a code stands for. */
export interface CodeFacts {
  readonly clientUuid: string;
  readonly sessionId: string;
  readonly userId: string;
  /** Absent if the request named none; then the token request need not either. */
  readonly redirectUri?: string;
  readonly scope: string;
  readonly nonce?: string;
  readonly codeChallenge?: CodeChallenge;
  readonly dpopThumbprint?: string;
  readonly resources?: readonly string[];
}

const purpose = purposeOf<CodeFacts>('code');
/** How long a spent code is remembered, in seconds, so that a second use is known for what it is. */
const replayWindow = 3600;

/** Makes a code in Keycloak's shape: a random UUID, the session, the client. */
export function issueCode(
  state: IdpState,
  realm: Realm,
  client: Client,
  session: UserSession,
  request: AuthorizationRequest,
): string {
  const code = `${state.newUuid()}.${session.id}.${client.id}`;
  const body: CodeFacts = {
    clientUuid: client.id,
    sessionId: session.id,
    userId: session.userId,
    scope: request.scope,
    ...(request.redirectUriGiven ? { redirectUri: request.redirectUri } : {}),
    ...(request.nonce === undefined ? {} : { nonce: request.nonce }),
    ...(request.codeChallenge === undefined ? {} : { codeChallenge: request.codeChallenge }),
    ...(request.dpopThumbprint === undefined ? {} : { dpopThumbprint: request.dpopThumbprint }),
    ...(request.resources === undefined ? {} : { resources: request.resources }),
  };
  putSingleUse(state, { id: code, realmId: realm.id, purpose, lifetime: realm.accessCodeLifespan, body });
  return code;
}

/**
 * Spends a code: of any number of racers one gets its facts. A code that was spent before has been seen by somebody
 * else, so the client's part of the session ends with all its tokens (RFC 6749 §4.1.2).
 */
export function redeemCode(state: IdpState, realm: Realm, code: string): CodeFacts | undefined {
  const taken = takeSingleUse(state, realm.id, purpose, code);
  if (taken === undefined) {
    endSpent(state, realm, code);
    return undefined;
  }
  const facts = taken.body;
  const { sessionId, clientUuid } = facts;
  putSingleUse(state, {
    id: code,
    realmId: realm.id,
    purpose: 'spent-code',
    lifetime: replayWindow,
    body: { sessionId, clientUuid },
  });
  return facts;
}

// Only codes that were really spent count: sessions and clients cannot be named by a made-up code.
function endSpent(state: IdpState, realm: Realm, code: string): void {
  const spent = peekSingleUse(state, realm.id, 'spent-code', code);
  if (spent === undefined) return;
  const clientUuid = textOf(spent.body['clientUuid']);
  for (const offline of [false, true]) {
    const session = (offline ? state.offlineSessions : state.sessions).inRealm(
      realm.id,
      textOf(spent.body['sessionId']),
    );
    if (session?.clients[clientUuid] !== undefined) removeClientSession(state, session, clientUuid, offline);
  }
}
