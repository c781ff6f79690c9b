import { type JsonObject, type Json, mebibytes, milliseconds } from '@keyturn/protocol';
import { failure, objectsIn, send, type ServerFlags } from '../ask.ts';
import type { Reply } from '../auth/provider.ts';
import { CommandFailure, type Io } from '../io.ts';
import { readSecretArgument } from '../realm/secret-argument.ts';

/** What every command of `keyturn tools` takes. */
export interface CommonFlags extends ServerFlags {
  readonly token?: string;
}

/** Asks Keyturn and gives its answer whatever it is. The token: --token, else KEYTURN_TOKEN, else the login. */
export async function ask(io: Io, flags: CommonFlags, method: string, path: string, body?: object): Promise<Reply> {
  return send(io, flags, method, path, {
    body,
    ...(flags.token === undefined ? {} : { token: readSecretArgument(io, '--token', flags.token) }),
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

/** A source by its id or slug. */
export async function findSource(io: Io, flags: CommonFlags, given: string): Promise<JsonObject> {
  const { sources } = await expect(io, flags, 'GET', '/api/v1/sources');
  const found = objectsIn(sources).find((source) => source['id'] === given || source['slug'] === given);
  if (found === undefined) {
    throw new CommandFailure(`there is no source ${JSON.stringify(given)}: keyturn tools sources list shows them`);
  }
  return found;
}
