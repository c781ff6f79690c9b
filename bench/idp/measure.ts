import { cpuMilliseconds, residentMebibytes } from '../parts/cpu.ts';
import { fire, type Shot } from '../parts/load.ts';
import { median } from '../parts/statistics.ts';
import { benchRealm } from './realm.ts';

/** What one server costs. CPU is milliseconds a request, over all threads of the server. */
export interface Measured {
  readonly clientCredentials: number;
  readonly exchange: number;
  readonly introspection: number;
  readonly tokensPerSecond: number;
  readonly residentIdle: number;
  readonly residentAfter: number;
}

/** Measures a warm server with the bench realm in it. `rounds` of `count` requests each; the median round counts. */
export async function measure(
  url: string,
  pid: number,
  options: { readonly rounds: number; readonly count: number },
): Promise<Measured> {
  const residentIdle = residentMebibytes(pid);
  const token = tokenUrl(url);
  const clientCredentials = shot(token, {
    grant_type: 'client_credentials',
    client_id: 'service',
    client_secret: 'service-secret',
  });
  const subject = await accessToken(url);
  const exchanger = { client_id: 'exchanger', client_secret: 'exchanger-secret' };
  const exchange = shot(token, {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    ...exchanger,
    subject_token: subject,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    audience: 'upstream',
  });
  const introspection = shot(`${token}/introspect`, { token: subject, ...exchanger });
  const speeds: number[] = [];
  const cost = async (what: Shot): Promise<number> => {
    await fire(what, options.count, 4);
    const rounds: number[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      const before = cpuMilliseconds(pid);
      const { seconds } = await fire(what, options.count, 4);
      rounds.push((cpuMilliseconds(pid) - before) / options.count);
      if (what === clientCredentials) speeds.push(options.count / seconds);
    }
    return median(rounds);
  };
  return {
    clientCredentials: await cost(clientCredentials),
    exchange: await cost(exchange),
    introspection: await cost(introspection),
    tokensPerSecond: median(speeds),
    residentIdle,
    residentAfter: residentMebibytes(pid),
  };
}

/** Whether the server gives a token; for timing a start. */
export async function givesToken(url: string): Promise<boolean> {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: 'service',
    client_secret: 'service-secret',
  });
  const answer = await fetch(tokenUrl(url), { method: 'POST', body: form }).catch(() => undefined);
  return answer?.status === 200;
}

/** Makes the bench realm on a running Keycloak, anew. */
export async function prepareKeycloak(url: string): Promise<void> {
  const form = new URLSearchParams({
    grant_type: 'password',
    client_id: 'admin-cli',
    username: 'admin',
    password: 'admin',
  });
  const login = await fetch(`${url}/realms/master/protocol/openid-connect/token`, { method: 'POST', body: form });
  const { access_token: token } = (await login.json()) as { access_token?: string };
  if (token === undefined) throw new Error(`no admin token from ${url} (user admin, password admin)`);
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  await fetch(`${url}/admin/realms/${benchRealm.realm}`, { method: 'DELETE', headers });
  const made = await fetch(`${url}/admin/realms`, { method: 'POST', headers, body: JSON.stringify(benchRealm) });
  if (made.status !== 201) throw new Error(`bench realm: ${made.status} ${await made.text()}`);
}

function tokenUrl(url: string): string {
  return `${url}/realms/${benchRealm.realm}/protocol/openid-connect/token`;
}

async function accessToken(url: string): Promise<string> {
  const form = new URLSearchParams({
    grant_type: 'password',
    client_id: 'web',
    username: 'johndoe',
    password: 'password',
  });
  const answer = await fetch(tokenUrl(url), { method: 'POST', body: form });
  const { access_token: token } = (await answer.json()) as { access_token?: string };
  if (token === undefined) throw new Error(`no user token: ${answer.status}`);
  return token;
}

function shot(url: string, form: Readonly<Record<string, string>>): Shot {
  const body = new URLSearchParams(form).toString();
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(Buffer.byteLength(body)),
  };
  return { url: new URL(url), method: 'POST', headers, body };
}
