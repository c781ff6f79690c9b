import type { Clock, Seconds } from '@keyturn/protocol';
import { refuse, seconds } from '@keyturn/protocol';
import type { Result } from '@keyturn/protocol';

export type BreakerState = 'closed' | 'open' | 'half-open';

export interface BreakerSettings {
  /** Faults in a row before it opens. Default 5 (`CIRCUIT_BREAKER_FAILURE_THRESHOLD`). */
  readonly failureThreshold?: number;
  /** How long it stays open before one call is let through. Default 30 s (`CIRCUIT_BREAKER_RECOVERY_TIMEOUT`). */
  readonly recoveryTimeout?: Seconds;
}

/**
 * A breaker before one server. While it is closed, faults in a row are counted; once there are too many, calls are
 * refused at once, without being sent; after the recovery time exactly one is let through, and decides.
 */
export interface Breaker {
  /** What a call would meet now. `half-open`: the recovery time is over, or the one call is on its way. */
  readonly state: BreakerState;
  /** Until one call is let through; 0 unless open. */
  readonly retryAfter: Seconds;
  /** Runs the call, or refuses it. Only what `isFault` names is counted; a call that throws is a bug and is not. */
  run<Value, Refusal>(
    call: () => Promise<Result<Value, Refusal>>,
    isFault: (refusal: Refusal) => boolean,
  ): Promise<Result<Value, Refusal | { readonly why: 'breaker-open'; readonly retryAfter: Seconds }>>;
  /** Closes it by hand: for an operator who knows that the server is back. */
  reset(): void;
}

/** A breaker on the given clock. `onChange` hears each change of state. */
export function createBreaker(
  settings: BreakerSettings & { readonly clock: Clock; readonly onChange?: (state: BreakerState) => void },
): Breaker {
  const { clock, failureThreshold = 5, recoveryTimeout = seconds(30), onChange } = settings;
  /** Since the breaker was closed; calls that began before that no longer say anything. */
  let closed = { faults: 0 };
  /** Undefined while it is closed. */
  let opened: { readonly at: number; isTried: boolean } | undefined;

  const remaining = (): number =>
    opened === undefined ? 0 : Math.max(0, opened.at + recoveryTimeout * 1000 - clock());
  const close = (): void => {
    if (opened === undefined) return;
    opened = undefined;
    closed = { faults: 0 };
    onChange?.('closed');
  };
  const open = (): void => {
    opened = { at: clock(), isTried: false };
    onChange?.('open');
  };

  return {
    get state() {
      if (opened === undefined) return 'closed';
      return opened.isTried || remaining() === 0 ? 'half-open' : 'open';
    },
    get retryAfter() {
      return seconds(Math.ceil(remaining() / 1000));
    },
    async run(call, isFault) {
      const trial = opened;
      const since = closed;
      if (trial !== undefined) {
        // Others do not wait for the one call that decides: a slow server would hold them all.
        if (trial.isTried) return refuse({ why: 'breaker-open' as const, retryAfter: seconds(1) });
        if (remaining() > 0) {
          return refuse({ why: 'breaker-open' as const, retryAfter: seconds(Math.ceil(remaining() / 1000)) });
        }
        trial.isTried = true;
        onChange?.('half-open');
      }
      let isBad = false;
      try {
        const outcome = await call();
        isBad = !outcome.ok && isFault(outcome.refusal);
        if (trial === undefined) since.faults = isBad ? since.faults + 1 : 0;
        return outcome;
      } finally {
        if (trial === undefined) {
          if (opened === undefined && since === closed && since.faults >= failureThreshold) open();
        } else if (opened === trial) {
          // Nobody has closed it by hand meanwhile.
          if (isBad) open();
          else close();
        }
      }
    },
    reset: close,
  };
}
