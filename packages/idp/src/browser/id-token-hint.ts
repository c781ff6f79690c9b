import type { IdpContext } from '../context.ts';
import { type Client, findClient, type Realm } from '../model/index.ts';
import { verifyJwt } from '../tokens/jwt.ts';
import { textOf } from './text-of.ts';

/** What an `id_token_hint` proves: the client that got it, the session that it came from, and whose it was. */
export interface IdTokenHint {
  readonly client: Client;
  readonly sessionId: string | undefined;
  readonly userId: string;
}

/**
 * Reads an `id_token_hint`: an ID token of this realm and issuer, however old (OpenID Connect Core §3.1.2.1, RP-Initiated
 * Logout §2).
 * Access, refresh and logout tokens are none, nor are those of other realms.
 */
export async function readIdTokenHint(
  context: IdpContext,
  realm: Realm,
  issuer: string,
  token: string,
): Promise<IdTokenHint | undefined> {
  const verified = await verifyJwt(
    token,
    (kid) => context.keys.byKid(realm.id, kid),
    (algorithm) => !algorithm.startsWith('HS'),
  );
  if (!verified.ok) return undefined;
  const { claims } = verified.value;
  if (claims['iss'] !== issuer || claims['typ'] !== 'ID') return undefined;
  const client = findClient(context.state, realm.id, textOf(claims['azp']));
  const sid = claims['sid'];
  return client === undefined
    ? undefined
    : { client, sessionId: typeof sid === 'string' ? sid : undefined, userId: textOf(claims['sub']) };
}
