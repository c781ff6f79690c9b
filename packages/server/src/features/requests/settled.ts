import type { Clock } from '@keyturn/protocol';
import { phaseAt } from './life.ts';
import type { RequestRepository } from './repository.ts';
import type { AgentRequest } from './request.ts';
import type { WatchHub } from './watch-hub.ts';

/** What people, or time, have made of a request for approval. */
export type Settlement = 'approved' | 'denied' | 'expired' | 'cancelled' | 'executed' | 'unknown' | 'pending';

/** Resolves as soon as a request waits for nobody any more, with `pending` when the signal aborts first. */
export type Settled = (name: string, signal: AbortSignal) => Promise<Settlement>;

/** Milliseconds after which it is looked again in any case: time makes requests expire without anybody changing them. */
const patience = 1000;

export function openSettled(repository: RequestRepository, hub: WatchHub, clock: Clock): Settled {
  const read = async (name: string): Promise<Settlement> => {
    const request = await repository.byName(name);
    return request === undefined ? 'cancelled' : settlementOf(request, clock);
  };
  return async (name, signal) => {
    const now = await read(name);
    // Somebody who does not wait still gets the answer of now.
    if (now !== 'pending' || signal.aborted) return now;
    return new Promise<Settlement>((resolve, reject) => {
      const end = (settlement: Settlement): void => {
        clearInterval(timer);
        stop();
        signal.removeEventListener('abort', aborted);
        resolve(settlement);
      };
      const aborted = (): void => end('pending');
      const look = async (): Promise<void> => {
        const found = await read(name);
        if (found !== 'pending') end(found);
      };
      const stop = hub.onChange((request) => {
        const found = request.name === name ? settlementOf(request, clock) : 'pending';
        if (found !== 'pending') end(found);
      });
      const timer = setInterval(() => void look().catch(reject), patience).unref();
      signal.addEventListener('abort', aborted, { once: true });
      // What changed between the first look and the listening.
      look().catch(reject);
    });
  };
}

function settlementOf(request: AgentRequest, clock: Clock): Settlement {
  if (request.outcomeUnknown) return 'unknown';
  switch (phaseAt(request, clock())) {
    case 'Pending':
      return 'pending';
    case 'Approved':
      return 'approved';
    case 'Denied':
      return 'denied';
    case 'Expired':
      return 'expired';
    case 'Cancelled':
      return 'cancelled';
    case 'Executing':
    case 'Completed':
    case 'Failed':
      return 'executed';
  }
}
