import { isJsonObject, type Json, type JsonObject, mebibytes, milliseconds } from '@keyturn/protocol';
import { call, type Reply } from '../auth/provider.ts';
import { accessTokenFor, urlOf } from '../auth/session.ts';
import { CommandFailure, type Io } from '../io.ts';
import { readSecretArgument } from '../realm/secret-argument.ts';

/** What every command of `keyturn tools` takes. */
export interface CommonFlags {
  readonly url?: string;
  readonly token?: string;
  readonly json?: boolean;
}

/** Asks Keyturn and gives its answer whatever it is. The token: --token, else KEYTURN_TOKEN, else the login. */
export async function ask(io: Io, flags: CommonFlags, method: string, path: string, body?: object): Promise<Reply> {
  const url = urlOf(io, flags.url);
  const token =
    flags.token === undefined ? await accessTokenFor(io, url) : readSecretArgument(io, '--token', flags.token);
  return call(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    // A large document takes its time, and an inventory of thousands its room.
    timeout: milliseconds(60_000),
    maxBytes: mebibytes(64),
  });
}

/** The same, where anything but success ends the command. */
export async function expect(
  io: Io,
  flags: CommonFlags,
  method: string,
  path: string,
  body?: object,
): Promise<JsonObject> {
  const reply = await ask(io, flags, method, path, body);
  if (reply.status >= 300) throw failure(reply);
  return reply.body;
}

/** Prints for programs where --json is given, else for people. */
export function show(io: Io, flags: CommonFlags, body: Json, forPeople: () => string): void {
  io.print(flags.json === true ? JSON.stringify(body, undefined, 2) : forPeople());
}

/** A list in a body: its objects. */
export function listIn(body: JsonObject, member: string): readonly JsonObject[] {
  const list = body[member];
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}

/** A source by its id or slug. */
export async function findSource(io: Io, flags: CommonFlags, given: string): Promise<JsonObject> {
  const sources = listIn(await expect(io, flags, 'GET', '/api/v1/sources'), 'sources');
  const found = sources.find((source) => source['id'] === given || source['slug'] === given);
  if (found === undefined) {
    throw new CommandFailure(`there is no source ${JSON.stringify(given)}: keyturn tools sources list shows them`);
  }
  return found;
}

/** Text of Keyturn's or of an upstream's: nothing in it may steer the terminal. */
export function textOf(value: Json | undefined): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? value.replaceAll(/[^\P{C}\n\t]/gu, '?') : '';
}

/** The refusal as one sentence, with the members that are at fault. 4: not logged in, 1: anything else. */
export function failure({ body, status }: Reply): CommandFailure {
  const code = textOf(body['code']);
  const detail = textOf(body['detail']);
  const said = detail === '' ? `Keyturn answered ${status}` : `${code}: ${detail}`;
  return new CommandFailure(said, status === 401 ? 4 : 1);
}
