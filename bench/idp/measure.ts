import { adminToken } from '@keyturn/conformance/parts/admin-token';
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

/** A server with the bench realm in it, and the process whose CPU counts as its own. */
export interface Contender {
  readonly url: string;
  readonly pid: number;
  /** Requests of each kind before anything counts: a cold Keycloak is ten times slower than a warm one. */
  readonly warmUp: number;
}

/** Measures warm servers side by side: `rounds` of `count` requests each, in turns; of each the median round counts. */
export async function measure(
  contenders: readonly Contender[],
  options: { readonly rounds: number; readonly count: number },
): Promise<readonly Measured[]> {
  const prepared = [];
  for (const contender of contenders) prepared.push({ ...contender, shots: await shotsAt(contender.url) });
  const costs = prepared.map((): Costs => ({ clientCredentials: [], exchange: [], introspection: [] }));
  const speeds = prepared.map((): number[] => []);
  const residentIdle = prepared.map(({ pid }) => residentMebibytes(pid));
  for (const kind of ['clientCredentials', 'exchange', 'introspection'] as const) {
    for (const { shots, warmUp } of prepared) await fire(shots[kind], warmUp, 4);
    for (let round = 0; round < options.rounds; round += 1) {
      for (const [i, { pid, shots }] of prepared.entries()) {
        const before = cpuMilliseconds(pid);
        const { seconds } = await fire(shots[kind], options.count, 4);
        costs[i]?.[kind].push((cpuMilliseconds(pid) - before) / options.count);
        if (kind === 'clientCredentials') speeds[i]?.push(options.count / seconds);
      }
    }
  }
  return prepared.map(({ pid }, i) => ({
    clientCredentials: median(costs[i]?.clientCredentials ?? []),
    exchange: median(costs[i]?.exchange ?? []),
    introspection: median(costs[i]?.introspection ?? []),
    tokensPerSecond: median(speeds[i] ?? []),
    residentIdle: residentIdle[i] ?? Number.NaN,
    residentAfter: residentMebibytes(pid),
  }));
}

type Kind = 'clientCredentials' | 'exchange' | 'introspection';
type Costs = Readonly<Record<Kind, number[]>>;

async function shotsAt(url: string): Promise<Readonly<Record<Kind, Shot>>> {
  const token = tokenUrl(url);
  const subject = await accessToken(url);
  const exchanger = { client_id: 'exchanger', client_secret: 'exchanger-secret' };
  return {
    clientCredentials: shot(token, {
      grant_type: 'client_credentials',
      client_id: 'service',
      client_secret: 'service-secret',
    }),
    exchange: shot(token, {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      ...exchanger,
      subject_token: subject,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      audience: 'upstream',
    }),
    introspection: shot(`${token}/introspect`, { token: subject, ...exchanger }),
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
  await dropKeycloakRealm(url);
  const headers = await adminHeaders(url);
  const made = await fetch(`${url}/admin/realms`, { method: 'POST', headers, body: JSON.stringify(benchRealm) });
  if (made.status !== 201) throw new Error(`bench realm: ${made.status} ${await made.text()}`);
}

/** Deletes the bench realm of a running Keycloak, if it is there. */
export async function dropKeycloakRealm(url: string): Promise<void> {
  await fetch(`${url}/admin/realms/${benchRealm.realm}`, { method: 'DELETE', headers: await adminHeaders(url) });
}

async function adminHeaders(url: string): Promise<Record<string, string>> {
  return { authorization: `Bearer ${await adminToken(url)}`, 'content-type': 'application/json' };
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
