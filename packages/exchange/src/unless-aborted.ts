import type { Result } from '@keyturn/protocol';
import { refuse } from '@keyturn/protocol';

/** Waits for an outcome that others may wait for too; this caller's signal ends this wait only, with `gone`. */
export async function unlessAborted<Value, Refusal>(
  outcome: Promise<Result<Value, Refusal>>,
  signal: AbortSignal | undefined,
  gone: Refusal,
): Promise<Result<Value, Refusal>> {
  if (signal === undefined) return outcome;
  const { promise, resolve } = Promise.withResolvers<Result<Value, Refusal>>();
  const onAbort = () => resolve(refuse(gone));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([outcome, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
