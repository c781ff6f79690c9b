import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { call, type Reply } from './auth/provider.ts';
import { accessTokenFor, urlOf } from './auth/session.ts';
import { CommandFailure, type Io } from './io.ts';

/** What every command here takes. */
export interface ServerFlags {
  readonly url?: string;
  readonly json?: boolean;
}

/** Calls the management API. Anything but a good answer is a failure, in Keyturn's own words. */
export async function ask(io: Io, flags: ServerFlags, method: string, path: string, body?: object): Promise<Reply> {
  const url = urlOf(io, flags.url);
  const reply = await call(`${url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${await accessTokenFor(io, url)}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (reply.status >= 200 && reply.status < 300) return reply;
  const { code, detail } = reply.body;
  const said = typeof detail === 'string' ? `${textOf(code)}: ${detail}` : `it answered ${reply.status}`;
  throw new CommandFailure(said, reply.status === 401 ? 4 : 1);
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
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? value.replaceAll(/\p{C}/gu, '?') : '';
}
