import { isJsonObject, type JsonObject } from '@keyturn/protocol';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import type { IdpContext } from '../../context.ts';
import { type Client, findClient, type Realm } from '../../model/index.ts';
import { clientKeys } from '../../protocol/client-keys.ts';

// Parameters that stand outside of a request object, or are the object.
const outside = ['request', 'request_uri'];

/**
 * The parameters of a request with those of its request object put over them (OpenID Connect Core §6): by value, or by a
 * `request_uri` that the client has registered. Undefined: the request has none and needs none. `unreadable`: it is
 * garbled, expired, of another client, or not signed as the client's settings want.
 *
 * An unsigned object is no less to be trusted than the query that it came in: whatever it says is checked like a
 * parameter. `request_uri`s of pushed requests are taken before this.
 */
export async function readRequestObject(
  context: IdpContext,
  realm: Realm,
  sent: URLSearchParams,
): Promise<URLSearchParams | 'unreadable' | undefined> {
  const client = findClient(context.state, realm.id, sent.get('client_id') ?? '');
  // Who asks is judged first, elsewhere: an unknown client has no keys.
  if (client === undefined) return undefined;
  const [text, address] = [sent.get('request'), sent.get('request_uri')];
  if (text === null && address === null) return isRequired(client) ? 'unreadable' : undefined;
  if (text !== null && address !== null) return 'unreadable';
  try {
    const token = text ?? (await fetchObject(context, client, address ?? ''));
    return merged(sent, await readClaims(context, client, token)) ?? 'unreadable';
  } catch {
    return 'unreadable';
  }
}

function isRequired(client: Client): boolean {
  return !['', 'not required'].includes(client.attributes['request.object.required'] ?? '');
}

// Only what an administrator registered is fetched, and exactly that: a stranger's address would let anybody send us anywhere.
async function fetchObject(context: IdpContext, client: Client, address: string): Promise<string> {
  const registered = (client.attributes['request.uris'] ?? '').split('##');
  if (!registered.includes(address)) throw new Error('request_uri is not registered');
  const fetched = await context.fetch(address, { headers: { accept: 'application/oauth-authz-req+jwt' } });
  if (!fetched.ok || fetched.value.status !== 200) throw new Error('request_uri did not answer');
  return fetched.value.text().trim();
}

async function readClaims(context: IdpContext, client: Client, token: string): Promise<JsonObject> {
  const wanted = client.attributes['request.object.signature.alg'] ?? '';
  const { alg = '' } = decodeProtectedHeader(token);
  if (wanted !== '' && wanted !== 'any' && wanted !== alg) throw new Error('signed in another way than registered');
  if (alg === 'none') return unsigned(token);
  const keys = await clientKeys(context, client, alg.startsWith('HS'));
  const { payload } = await jwtVerify(token, keys, {
    algorithms: [alg],
    currentDate: new Date(context.state.clock()),
    clockTolerance: 15,
  });
  // What jose verified is JSON.
  return payload as JsonObject;
}

function unsigned(token: string): JsonObject {
  const [, body = '', signature, more] = token.split('.');
  if (signature !== '' || more !== undefined) throw new Error('unsigned objects have no signature');
  const claims: unknown = JSON.parse(Buffer.from(body, 'base64url').toString());
  if (!isJsonObject(claims)) throw new Error('no claims');
  return claims;
}

/** Undefined: the object speaks for another client or flow than the query (OpenID Connect Core §6.1). */
function merged(sent: URLSearchParams, claims: JsonObject): URLSearchParams | undefined {
  for (const name of ['client_id', 'response_type']) {
    const [inside, beside] = [claims[name], sent.get(name)];
    if (inside !== undefined && beside !== null && inside !== beside) return undefined;
  }
  const parameters = new URLSearchParams(sent);
  for (const name of outside) parameters.delete(name);
  for (const [name, value] of Object.entries(claims)) {
    if (value === undefined || value === null || outside.includes(name)) continue;
    parameters.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  return parameters;
}
