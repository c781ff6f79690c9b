import { type Clock, epochMilliseconds, ok } from '@keyturn/protocol';
import { openEventStream, type StreamEvent } from '../../http/event-stream.ts';
import type { Frame } from '../../http/frame.ts';
import { type House, pass } from '../../http/pass.ts';
import type { LoggedRevocation } from './revocation-log.ts';
import type { Revocations } from './revocations.ts';

/** Milliseconds between heartbeats. */
const heartbeat = 3000;

/**
 * GET /api/v1/revocations: server-sent events for services that verify tokens by themselves (`openRevocationStream` of
 * @keyturn/verify). First what is in force, from `Last-Event-ID` on if that is given, then each as it happens. While this
 * replica is deaf it sends no heartbeat, so that those who listen go deaf with it instead of believing that all is well.
 */
export function mountRevocationStream(
  frame: Frame,
  house: House,
  parts: { revocations: Revocations; clock: Clock; role: string; adminRole: string },
): void {
  const { revocations, clock } = parts;
  frame.app.get('/api/v1/revocations', async (request, reply) => {
    const caller = await frame.authenticate(request, 'rest');
    if (!caller.ok) return frame.answerProblem(request, reply, caller.refusal);
    const needsRole = caller.value.roles.includes(parts.adminRole) ? parts.adminRole : parts.role;
    const call = { caller: caller.value, action: { kind: 'revocations.read', needsRole }, requestId: request.id };
    const passed = await pass(house, call, async () => ok({ answer: undefined, outcome: 'allowed' } as const));
    if (!passed.ok) return frame.answerProblem(request, reply, passed.refusal);

    const given = request.headers['last-event-id'];
    let sent = typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : 0;
    // Listening begins before reading, and what comes meanwhile waits: nothing falls between the two.
    const early: LoggedRevocation[] = [];
    let hear = (entry: LoggedRevocation): void => void early.push(entry);
    const stop = revocations.onRevoked((entry) => hear(entry));
    // Nothing is answered before it has been read: whoever could not be told what is in force must not believe that they hear.
    const inForce = await revocations.since(sent).catch((error: unknown) => {
      stop();
      throw error;
    });
    const stream = openEventStream(reply, epochMilliseconds(caller.value.principal.expiresAt * 1000));
    /** Those that have not been sent, of which there are none twice. */
    const fresh = (entries: readonly LoggedRevocation[]): readonly StreamEvent[] =>
      entries.flatMap(({ seq, revocation }) => {
        if (seq <= sent) return [];
        sent = seq;
        return [{ id: String(seq), event: 'revocation', data: JSON.stringify(revocation) }];
      });
    // All that is in force in one piece: of thousands one by one a reader would be taken for too slow.
    stream.send(fresh([...inForce, ...early]));
    hear = (entry) => stream.send(fresh([entry]));
    const beat = (): void => {
      if (revocations.hears(clock())) stream.beat();
    };
    beat();
    const beating = setInterval(() => {
      beat();
      // A stream lives no longer than the token that opened it.
      if (clock() >= stream.until) stream.end();
    }, heartbeat).unref();
    stream.onClose(() => {
      clearInterval(beating);
      stop();
    });
    return reply;
  });
}
