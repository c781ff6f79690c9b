import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { ask as askKeyturn, type ServerFlags } from '../ask.ts';
import type { Io } from '../io.ts';

export interface PurgeFlags extends ServerFlags {
  readonly subject?: string;
  readonly audience?: string;
  readonly all?: boolean;
}

/** `keyturn exchange status`. */
export async function runStatus(io: Io, flags: ServerFlags): Promise<void> {
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
  flags: ServerFlags & { readonly sources?: boolean },
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

async function ask(io: Io, flags: ServerFlags, method: string, at: string, body?: object): Promise<JsonObject> {
  return (await askKeyturn(io, flags, method, `/admin/${at}`, body)).body;
}

function stateOf(breaker: Json | undefined): string {
  if (!isJsonObject(breaker)) return 'none: nothing is exchanged';
  const { state, retry_after: after } = breaker;
  const words = typeof state === 'string' ? state.replace('_', ' ') : '';
  return typeof after === 'number' && after > 0 ? `${words}, one call is let through in ${after} s` : words;
}
