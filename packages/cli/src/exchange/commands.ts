import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { call } from '../auth/provider.ts';
import { accessTokenFor, urlOf } from '../auth/session.ts';
import { CommandFailure, type Io } from '../io.ts';

export interface ExchangeFlags {
  readonly url?: string;
  readonly json?: boolean;
}

export interface PurgeFlags extends ExchangeFlags {
  readonly subject?: string;
  readonly audience?: string;
  readonly all?: boolean;
}

/** `keyturn exchange status`. */
export async function runStatus(io: Io, flags: ExchangeFlags): Promise<void> {
  const breakers = await ask(io, flags, 'GET', 'circuit-breakers');
  const cache = await ask(io, flags, 'GET', 'exchange-cache');
  if (flags.json === true) {
    io.print(JSON.stringify({ breakers, cache }, undefined, 2));
    return;
  }
  const { token_exchange: endpoint, tool_execution: sources } = breakers;
  io.print(`token endpoint   ${stateOf(endpoint)}`);
  for (const [id, breaker] of Object.entries(isJsonObject(sources) ? sources : {}))
    io.print(`${id}   ${stateOf(breaker)}`);
  io.print(`${JSON.stringify(cache['tokens'])} upstream tokens are kept on this replica`);
}

/** `keyturn exchange reset [SOURCE]`. */
export async function runReset(
  io: Io,
  source: string | undefined,
  flags: ExchangeFlags & { readonly sources?: boolean },
): Promise<void> {
  const ofSources = source !== undefined || flags.sources === true;
  const body = {
    type: ofSources ? 'tool_execution' : 'token_exchange',
    ...(source === undefined ? {} : { key: source }),
  };
  const { message } = await ask(io, flags, 'POST', 'circuit-breakers/reset', body);
  io.print(typeof message === 'string' ? message : 'closed');
}

/** `keyturn exchange purge`. */
export async function runPurge(io: Io, { subject, audience, all, ...flags }: PurgeFlags): Promise<void> {
  const body = { subject, audience, ...(all === true ? { all } : {}) };
  const { purged } = await ask(io, flags, 'POST', 'exchange-cache/purge', body);
  io.print(`${JSON.stringify(purged)} dropped here, and on every other replica what was kept there`);
}

async function ask(io: Io, flags: ExchangeFlags, method: string, at: string, body?: object): Promise<JsonObject> {
  const url = urlOf(io, flags.url);
  const reply = await call(`${url}/api/v1/admin/${at}`, {
    method,
    headers: {
      authorization: `Bearer ${await accessTokenFor(io, url)}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (reply.status === 200) return reply.body;
  const { code, detail } = reply.body;
  const said =
    typeof code === 'string' && typeof detail === 'string' ? `${code}: ${detail}` : `it answered ${reply.status}`;
  throw new CommandFailure(said, reply.status === 401 ? 4 : 1);
}

function stateOf(breaker: Json | undefined): string {
  if (!isJsonObject(breaker)) return 'none: nothing is exchanged';
  const { state, retry_after: after } = breaker;
  const words = typeof state === 'string' ? state.replace('_', ' ') : '';
  return typeof after === 'number' && after > 0 ? `${words}, one call is let through in ${after} s` : words;
}
