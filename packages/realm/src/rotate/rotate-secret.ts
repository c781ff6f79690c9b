import type { GuardedFetch } from '@keyturn/net';
import { type Json, ok, type Random, type Result, refuse, unreachable } from '@keyturn/protocol';
import { type Admin, pathOf } from '../live/admin.ts';
import { AdminRefused, type AdminRefusal, explainAdminRefusal } from '../live/admin-refusal.ts';
import { readServerVersion } from '../live/server-version.ts';
import { membersOf, textOf } from '../model/members.ts';

export interface RotateOptions {
  readonly admin: Admin;
  readonly realm: string;
  readonly clientId: string;
  readonly fetch: GuardedFetch;
  readonly random: Random;
  /** Puts the new secret where the service reads it. Rejects if that fails; the old secret is then put back. */
  readonly deliver: (secret: string) => Promise<void>;
  /** Ends the overlap at once, where Keycloak keeps the old secret for one. Default false. */
  readonly dropOld?: boolean;
}

export interface Rotated {
  /** Whether Keycloak still accepts the old secret for a while (its feature client-secret-rotation and a policy for it). */
  readonly oldStillValid: boolean;
}

export type RotateRefusal =
  | { readonly why: 'no-client'; readonly clientId: string }
  | { readonly why: 'public-client'; readonly clientId: string }
  | { readonly why: 'not-accepted'; readonly detail: string }
  | { readonly why: 'not-delivered'; readonly detail: string }
  | { readonly why: 'unread'; readonly refusal: AdminRefusal };

/**
 * Gives a client a new secret (seed 003 §5), in an order in which nothing is lost: the new secret is set, tried with a
 * real token request, then delivered. If the trial or the delivery fails, the old secret is put back.
 */
export async function rotateSecret(options: RotateOptions): Promise<Result<Rotated, RotateRefusal>> {
  try {
    return await rotate(options);
  } catch (error) {
    if (!(error instanceof AdminRefused)) throw error;
    return refuse({ why: 'unread', refusal: error.refusal });
  }
}

async function rotate(options: RotateOptions): Promise<Result<Rotated, RotateRefusal>> {
  const { admin, realm, clientId } = options;
  const base = pathOf(realm);
  const found = await admin.list(`${base}/clients?clientId=${encodeURIComponent(clientId)}`, 0);
  const client = found.find((one) => one['clientId'] === clientId);
  if (client === undefined) return refuse({ why: 'no-client', clientId });
  if (client['publicClient'] === true || client['bearerOnly'] === true)
    return refuse({ why: 'public-client', clientId });
  const place = `${base}/clients/${textOf(client['id'])}`;
  const old = textOf(client['secret']);

  const fresh = await setSecret(options, place);
  const putBack = () => putSecret(admin, place, clientId, old);
  const trial = await trySecret(options, fresh);
  if (trial !== undefined) {
    await putBack();
    return refuse({ why: 'not-accepted', detail: trial });
  }
  try {
    await options.deliver(fresh);
  } catch (error) {
    await putBack();
    return refuse({ why: 'not-delivered', detail: error instanceof Error ? error.message : 'unknown' });
  }
  const kept = await admin.find(`${place}/client-secret/rotated`);
  if (kept !== undefined && options.dropOld === true) {
    const gone = async () => (await admin.find(`${place}/client-secret/rotated`)) === undefined;
    await admin.write({ method: 'DELETE', path: `${place}/client-secret/rotated`, landed: gone });
  }
  return ok({ oldStillValid: kept !== undefined && options.dropOld !== true });
}

/** Keycloak's own regeneration keeps the old secret where rotation is on; elsewhere it would be lost, so Keyturn makes the secret. */
async function setSecret({ admin, random, clientId }: RotateOptions, place: string): Promise<string> {
  const { features } = readServerVersion(await admin.serverInfo());
  if (features.get('CLIENT_SECRET_ROTATION') === true) {
    const answer = await admin.write({ method: 'POST', path: `${place}/client-secret`, landed: async () => false });
    return textOf(membersOf(answer.body)['value']);
  }
  const fresh = Buffer.from(random(48)).toString('base64url');
  await putSecret(admin, place, clientId, fresh);
  return fresh;
}

async function putSecret(admin: Admin, place: string, clientId: string, secret: string): Promise<void> {
  const landed = async () => (await admin.get(place))['secret'] === secret;
  await admin.write({ method: 'PUT', path: place, body: { clientId, secret }, landed });
}

/** Undefined if the token endpoint knows the secret; else what it said. A client without a service account is known, too. */
async function trySecret(
  { admin, realm, clientId, fetch }: RotateOptions,
  secret: string,
): Promise<string | undefined> {
  const answer = await fetch(`${admin.url}/realms${pathOf(realm)}/protocol/openid-connect/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: secret,
    }).toString(),
  });
  if (!answer.ok) return 'the token endpoint cannot be reached';
  return readTrial(answer.value.status, answer.value.text());
}

/** What a token endpoint's answer says of the credentials alone. Undefined: they are good. */
export function readTrial(status: number, text: string): string | undefined {
  if (status === 200) return undefined;
  let body: Json;
  try {
    body = JSON.parse(text) as Json;
  } catch {
    return `${status}, and no JSON`;
  }
  const description = textOf(membersOf(body)['error_description']);
  // Both mean: authenticated, but not allowed this grant (FACTS §6).
  if (/not enabled to retrieve service account|not allowed/i.test(description)) return undefined;
  return `${status} ${description || textOf(membersOf(body)['error'])}`;
}

/** One sentence for a person. */
export function explainRotateRefusal(refusal: RotateRefusal): string {
  switch (refusal.why) {
    case 'no-client':
      return `There is no client ${refusal.clientId} in this realm. Nothing was changed.`;
    case 'public-client':
      return `The client ${refusal.clientId} is public or bearer-only and has no secret. Nothing was changed.`;
    case 'not-accepted':
      return `The new secret was set but the token endpoint did not accept it (${refusal.detail}); the old one is back in force.`;
    case 'not-delivered':
      return `The new secret works but could not be written (${refusal.detail}); the old one is back in force.`;
    case 'unread':
      return explainAdminRefusal(refusal.refusal);
  }
  return unreachable(refusal);
}

/** The text of an environment file with one variable set: its line replaced, or a line added. Other lines keep every byte. */
export function setEnvLine(text: string, name: string, value: string): string {
  const line = `${name}=${/^[\w.+/=-]*$/.test(value) ? value : JSON.stringify(value)}`;
  const pattern = new RegExp(`^(?:export\\s+)?${name.replaceAll(/[^\w]/g, '')}=.*$`, 'm');
  if (pattern.test(text)) return text.replace(pattern, () => line);
  return text === '' || text.endsWith('\n') ? `${text}${line}\n` : `${text}\n${line}\n`;
}

/** A Kubernetes Secret as a manifest for `kubectl apply -f -`. */
export function buildSecretManifest(namespace: string, name: string, key: string, secret: string): string {
  return `${JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name }, type: 'Opaque', stringData: { [key]: secret } })}\n`;
}
