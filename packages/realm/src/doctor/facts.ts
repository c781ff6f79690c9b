import { explainNetRefusal } from '@keyturn/net';
import { type Claims, isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { pathOf } from '../live/admin.ts';
import { readServerVersion, type ServerVersion } from '../live/server-version.ts';
import { membersOf } from '../model/members.ts';
import type { DoctorContext } from './check.ts';

// What several checks look at, each gathered once.

/** An answer as far as a judgement needs it. */
export interface Answer {
  readonly url: string;
  /** Undefined: no answer at all, and `failure` says why. */
  readonly status: number | undefined;
  readonly failure: string | undefined;
  /** Undefined: no JSON. */
  readonly body: Json | undefined;
  /** Seconds by which the server's clock is ahead of ours, from its Date header. */
  readonly clockAhead: number | undefined;
}

/** What is sent: a form, or a token as bearer; otherwise a plain GET. */
export type Asking = { readonly form: Readonly<Record<string, string>> } | { readonly bearer: string };

export async function ask(context: DoctorContext, url: string, asking?: Asking): Promise<Answer> {
  const answer = await context.fetch(url, asking === undefined ? {} : requestFor(asking));
  if (!answer.ok)
    return {
      url,
      status: undefined,
      failure: explainNetRefusal(answer.refusal),
      body: undefined,
      clockAhead: undefined,
    };
  const date = Date.parse(answer.value.headers.get('date') ?? '');
  const clockAhead = Number.isNaN(date) ? undefined : Math.round((date - context.clock()) / 1000);
  return { url, status: answer.value.status, failure: undefined, body: parse(answer.value.text()), clockAhead };
}

function requestFor(asking: Asking) {
  if ('bearer' in asking) return { headers: { authorization: `Bearer ${asking.bearer}`, accept: 'application/json' } };
  return {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(asking.form).toString(),
  };
}

/** The text at an address, or undefined for anything but a 200. */
export async function askText(context: DoctorContext, url: string): Promise<string | undefined> {
  const answer = await context.fetch(url);
  return answer.ok && answer.value.status === 200 ? answer.value.text() : undefined;
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** The issuer that services expect. */
export function expectedIssuer({ settings }: DoctorContext): string {
  return settings.issuer ?? `${withoutSlash(settings.keycloakUrl)}/realms${pathOf(settings.realm)}`;
}

export function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

/** The discovery document below any base URL of Keycloak. */
export function discoveryAt(context: DoctorContext, base: string): Promise<Answer> {
  const url = `${withoutSlash(base)}/realms${pathOf(context.settings.realm)}/.well-known/openid-configuration`;
  return context.once(url, () => ask(context, url));
}

export function tokenEndpoint({ settings }: DoctorContext): string {
  return `${withoutSlash(settings.keycloakUrl)}/realms${pathOf(settings.realm)}/protocol/openid-connect/token`;
}

/** The realm with its clients and scopes, as the admin API shows them; undefined without an admin login. */
export interface RealmFacts {
  readonly realm: JsonObject;
  readonly clients: readonly JsonObject[];
  readonly scopes: readonly JsonObject[];
}

export async function realmFacts(context: DoctorContext): Promise<RealmFacts | undefined> {
  const { admin, settings } = context;
  if (admin === undefined) return undefined;
  return context.once('realm', async () => {
    const base = pathOf(settings.realm);
    const realm = await admin.get(base);
    const clients = await admin.list(`${base}/clients`, 0);
    return { realm, clients, scopes: await admin.list(`${base}/client-scopes`, 0) };
  });
}

export async function serverFacts(context: DoctorContext): Promise<ServerVersion | undefined> {
  const { admin } = context;
  return admin === undefined
    ? undefined
    : context.once('server', async () => readServerVersion(await admin.serverInfo()));
}

/** The claims of a token as they stand in it: nothing is verified, for the question is what it says. Undefined: no JWT. */
export function claimsOf(token: string): Claims | undefined {
  const part = token.trim().split('.');
  if (part.length !== 3) return undefined;
  const claims = parse(Buffer.from(part[1] ?? '', 'base64url').toString('utf8'));
  return isJsonObject(claims) ? claims : undefined;
}

export function audiencesOf({ aud }: Claims): readonly string[] {
  return typeof aud === 'string' ? [aud] : (aud ?? []);
}

/** The switch of Standard Token Exchange on a client. */
export function mayExchange(client: JsonObject): boolean {
  return attributeOf(client, 'standard.token.exchange.enabled') === 'true';
}

export function attributeOf(client: JsonObject, name: string): string {
  const value = membersOf(client['attributes'])[name];
  return typeof value === 'string' ? value : '';
}

/** Whether Keycloak made this client itself. */
export function isKeycloaks(client: JsonObject): boolean {
  return ['account', 'account-console', 'admin-cli', 'broker', 'realm-management', 'security-admin-console'].includes(
    textMember(client, 'clientId'),
  );
}

export function textMember(object: JsonObject, name: string): string {
  const value = object[name];
  return typeof value === 'string' ? value : '';
}
