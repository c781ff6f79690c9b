import type { GuardedRequest } from '@keyturn/net';
import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { call, type Reply } from './auth/provider.ts';
import { accessTokenFor, urlOf } from './auth/session.ts';
import { CommandFailure, type Io } from './io.ts';

/** What every command here takes. */
export interface ServerFlags {
  readonly url?: string;
  readonly json?: boolean;
}

export interface SendOptions extends Pick<GuardedRequest, 'timeout' | 'maxBytes'> {
  readonly body?: object | undefined;
  /** Default: KEYTURN_TOKEN, else that of the login. */
  readonly token?: string;
}

/** Sends one request to Keyturn, as whoever is logged in, and gives its answer whatever it is. */
export async function send(
  io: Io,
  flags: Pick<ServerFlags, 'url'>,
  method: string,
  path: string,
  { body, token, ...limits }: SendOptions = {},
): Promise<Reply> {
  const url = urlOf(io, flags.url);
  return call(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token ?? (await accessTokenFor(io, url))}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...limits,
  });
}

/** Calls the management API. Anything but a good answer is a failure, in Keyturn's own words. */
export async function ask(io: Io, flags: ServerFlags, method: string, path: string, body?: object): Promise<Reply> {
  const reply = await send(io, flags, method, `/api/v1${path}`, { body });
  if (reply.status >= 200 && reply.status < 300) return reply;
  throw failure(reply);
}

/** The refusal as one sentence. 4: not logged in, 1: anything else. */
export function failure({ body: { code, detail }, status }: Reply): CommandFailure {
  const sentence = linesOf(detail);
  const said = sentence === '' ? `Keyturn answered ${status}` : `${textOf(code)}: ${sentence}`;
  return new CommandFailure(said, status === 401 ? 4 : 1);
}

/** A list that was answered. */
export function listOf(reply: Reply): readonly JsonObject[] {
  const value: unknown = JSON.parse(reply.text);
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

export function objectsIn(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter((one) => isJsonObject(one)) : [];
}

export function textsIn(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.map(textOf) : [];
}

/** What Keyturn says, as text for a terminal: names are people's own, and nothing in them may steer it. */
export function textOf(value: Json | undefined): string {
  return linesOf(value).replaceAll(/[\n\t]/g, '?');
}

/** The same of what may have lines: descriptions, results of upstreams. */
export function linesOf(value: Json | undefined): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? value.replaceAll(/[^\P{C}\n\t]/gu, '?') : '';
}
