import type { Io } from '../io.ts';
import { ask, objectsIn, type ServerFlags, textOf } from '../ask.ts';
import { formatTable } from '../table.ts';

/** `keyturn agent kill ID`. */
export async function runKill(io: Io, id: string, flags: ServerFlags & { readonly reason?: string }): Promise<void> {
  const body = flags.reason === undefined ? {} : { reason: flags.reason };
  await ask(io, flags, 'POST', `/agents/${encodeURIComponent(id)}/kill`, body);
  io.complain(`${id} is stopped: nothing that it asks is allowed, and what waits for people is void`);
}

/** `keyturn agent revive ID`. */
export async function runRevive(io: Io, id: string, flags: ServerFlags): Promise<void> {
  await ask(io, flags, 'POST', `/agents/${encodeURIComponent(id)}/revive`, {});
  io.complain(`${id} may ask again`);
}

/** `keyturn agent list`. */
export async function runAgents(io: Io, flags: ServerFlags): Promise<void> {
  const killed = objectsIn((await ask(io, flags, 'GET', '/agents')).body['killed']);
  if (flags.json === true) io.print(JSON.stringify(killed, undefined, 2));
  else if (killed.length === 0) io.complain('No agent is stopped.');
  else {
    const rows = killed.map((one) => [
      textOf(one['agent']),
      textOf(one['at']),
      textOf(one['by']),
      textOf(one['reason']),
    ]);
    io.print(formatTable([['AGENT', 'STOPPED', 'BY', 'REASON'], ...rows]));
  }
}
