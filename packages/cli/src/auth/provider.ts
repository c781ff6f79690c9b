import { createGuardedFetch, explainNetRefusal, type GuardedRequest } from '@keyturn/net';
import { isJsonObject, type JsonObject } from '@keyturn/protocol';
import { CommandFailure } from '../io.ts';

/** An answer of a server that the user has named. */
export interface Reply {
  readonly status: number;
  readonly body: JsonObject;
  readonly text: string;
}

/** Calls a server that the user has named; private addresses are theirs to name. */
export async function call(
  url: string,
  init: Pick<GuardedRequest, 'method' | 'headers' | 'body' | 'timeout' | 'maxBytes'> = {},
): Promise<Reply> {
  const { host } = new URL(url);
  await using fetch = createGuardedFetch({ allowPrivateHosts: [host] });
  const answer = await fetch(url, init);
  if (!answer.ok)
    throw new CommandFailure(`${new URL(url).origin} cannot be reached: ${explainNetRefusal(answer.refusal)}`);
  const text = answer.value.text();
  return { status: answer.value.status, body: readObject(text), text };
}

/** The same with a form. */
export function callForm(url: string, form: Readonly<Record<string, string>>): Promise<Reply> {
  return call(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams(form).toString(),
  });
}

/** Where an identity provider takes requests. RFC 8414, OpenID Connect Discovery. */
export interface Provider {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly deviceEndpoint: string | undefined;
  readonly revocationEndpoint: string | undefined;
}

export async function discover(issuer: string): Promise<Provider> {
  const { status, body } = await call(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const text = (name: string): string | undefined => {
    const value = body[name];
    return typeof value === 'string' ? value : undefined;
  };
  const [authorizationEndpoint, tokenEndpoint] = [text('authorization_endpoint'), text('token_endpoint')];
  if (status !== 200 || authorizationEndpoint === undefined || tokenEndpoint === undefined) {
    throw new CommandFailure(`${issuer} is no issuer: its discovery document answered ${status}`);
  }
  // Another issuer's document would send the login somewhere else.
  if (body['issuer'] !== issuer) throw new CommandFailure(`the document of ${issuer} names another issuer`);
  return {
    issuer,
    authorizationEndpoint,
    tokenEndpoint,
    deviceEndpoint: text('device_authorization_endpoint'),
    revocationEndpoint: text('revocation_endpoint'),
  };
}

function readObject(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
