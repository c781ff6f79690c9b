import { isJsonObject, type JsonObject } from '@keyturn/protocol';
import { objectsIn, send, type ServerFlags } from '../ask.ts';
import type { Reply } from '../auth/provider.ts';
import { accessTokenFor, urlOf } from '../auth/session.ts';
import { CommandFailure, type Io } from '../io.ts';
import { readWhole } from '../tools/read-arguments.ts';
import { formatRequest, formatRequests, lineOf } from './format.ts';
import { readEvents } from './events.ts';

const path = '/agent-requests';

export interface ListFlags extends ServerFlags {
  readonly phase: string;
  readonly all?: boolean;
  readonly agent?: string;
  readonly limit: string;
}

export interface DecideFlags extends ServerFlags {
  readonly reason?: string;
  readonly edit?: string;
}

/** `keyturn requests list`. */
export async function runList(io: Io, flags: ListFlags): Promise<void> {
  const query = new URLSearchParams({ limit: flags.limit });
  if (flags.all !== true) query.set('phase', flags.phase);
  if (flags.agent !== undefined) query.set('agentIdentity', flags.agent);
  const { items } = await ask(io, flags, 'GET', `${path}?${query.toString()}`);
  const requests = objectsIn(items);
  if (flags.json === true) io.print(JSON.stringify(requests, undefined, 2));
  else if (requests.length === 0) io.complain('Nothing waits for anybody. --all shows what has been.');
  else io.print(formatRequests(requests));
}

/** `keyturn requests show NAME`. */
export async function runShow(io: Io, name: string, flags: ServerFlags): Promise<void> {
  show(io, flags, await ask(io, flags, 'GET', pathOf(name)));
}

/** `keyturn requests approve NAME`, perhaps with other arguments. */
export async function runApprove(io: Io, name: string, flags: DecideFlags): Promise<void> {
  const parameters = flags.edit === undefined ? undefined : readWhole(io, flags.edit, '--edit');
  const body = { ...reasonOf(flags), ...(parameters === undefined ? {} : { parameters }) };
  told(io, flags, await ask(io, flags, 'POST', `${pathOf(name)}/approve`, body));
}

/** `keyturn requests deny NAME`, `keyturn requests cancel NAME`. */
export async function runDecide(io: Io, verb: 'deny' | 'cancel', name: string, flags: DecideFlags): Promise<void> {
  told(io, flags, await ask(io, flags, 'POST', `${pathOf(name)}/${verb}`, reasonOf(flags)));
}

/** `keyturn requests watch [NAME]`: one line a change; comes back by itself where the stream breaks off. */
export async function runWatch(io: Io, name: string | undefined, flags: ServerFlags): Promise<void> {
  const url = urlOf(io, flags.url);
  const stop = new AbortController();
  void io.stopped.then(() => stop.abort());
  let last: string | undefined;
  while (!stop.signal.aborted) {
    const token = await accessTokenFor(io, url);
    const events = readEvents(`${url}${name === undefined ? path : pathOf(name)}/watch`, token, last, stop.signal);
    try {
      for await (const { id, event, data } of events) {
        last = id ?? last;
        const request: unknown = JSON.parse(data);
        if (event === 'result') return;
        if (isJsonObject(request)) io.print(flags.json === true ? JSON.stringify(request) : lineOf(request));
      }
    } catch (error) {
      if (error instanceof CommandFailure || stop.signal.aborted) throw error;
    }
    // The token has ended, or the connection: a fresh one goes on where this one stopped.
    if (!stop.signal.aborted) await new Promise((again) => setTimeout(again, 1000));
  }
}

async function ask(io: Io, flags: ServerFlags, method: string, at: string, body?: object): Promise<JsonObject> {
  const reply = await send(io, flags, method, at, { body });
  if (reply.status < 300) return reply.body;
  throw new CommandFailure(explain(reply), reply.status === 401 || reply.status === 403 ? 4 : 1);
}

function explain({ status, body }: Reply): string {
  const [error, detail] = [body['error'], body['detail']];
  const words = [error, detail].filter((text) => typeof text === 'string');
  return words.length === 0 ? `Keyturn answered ${status}` : (words.at(-1) ?? '');
}

function pathOf(name: string): string {
  if (!/^[a-z0-9-]{1,64}$/.test(name)) throw new CommandFailure(`${JSON.stringify(name)} is no name of a request`, 2);
  return `${path}/${name}`;
}

function reasonOf({ reason }: DecideFlags): { readonly reason?: string } {
  return reason === undefined ? {} : { reason };
}

function show(io: Io, flags: ServerFlags, request: JsonObject): void {
  io.print(flags.json === true ? JSON.stringify(request, undefined, 2) : formatRequest(request));
}

function told(io: Io, flags: ServerFlags, request: JsonObject): void {
  io.print(flags.json === true ? JSON.stringify(request, undefined, 2) : lineOf(request));
}
