import type { Clock, Seconds } from '@keyturn/protocol';
import { refuse, seconds } from '@keyturn/protocol';
import type { Result } from '@keyturn/protocol';
import type { CircuitBreakerPolicy } from 'cockatiel';
import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhenResult } from 'cockatiel';

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

/** A breaker on cockatiel, on the given clock. `onChange` hears each change of state. */
export function createBreaker(
  settings: BreakerSettings & { readonly clock: Clock; readonly onChange?: (state: BreakerState) => void },
): Breaker {
  const { clock, failureThreshold = 5, recoveryTimeout = seconds(30), onChange } = settings;
  let openedAt = 0;
  let policy = build();

  function build(): CircuitBreakerPolicy {
    const fresh = circuitBreaker(
      handleWhenResult((outcome) => outcome === fault),
      {
        breaker: new ConsecutiveBreaker(failureThreshold),
        // cockatiel asks Date.now(); a back-off whose length is decided when it is asked for puts it on our clock.
        halfOpenAfter: {
          next: () => ({
            get duration() {
              return remaining() > 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
            },
            next() {
              return this;
            },
          }),
        },
      },
    );
    fresh.onBreak(() => {
      openedAt = clock();
      onChange?.('open');
    });
    fresh.onHalfOpen(() => onChange?.('half-open'));
    fresh.onReset(() => onChange?.('closed'));
    return fresh;
  }

  const remaining = () => Math.max(0, openedAt + recoveryTimeout * 1000 - clock());
  const retryAfter = () => seconds(policy.state === CircuitState.Open ? Math.ceil(remaining() / 1000) : 0);

  return {
    get state() {
      if (policy.state === CircuitState.Closed) return 'closed';
      return policy.state === CircuitState.Open && remaining() > 0 ? 'open' : 'half-open';
    },
    get retryAfter() {
      return retryAfter();
    },
    async run(call, isFault) {
      // While the one call is on its way cockatiel would let the others wait for it: a slow server would hold them all.
      const busy = policy.state === CircuitState.HalfOpen;
      if (busy || retryAfter() > 0) {
        return refuse({ why: 'breaker-open' as const, retryAfter: busy ? seconds(1) : retryAfter() });
      }
      let outcome: Awaited<ReturnType<typeof call>> | undefined;
      await policy.execute(async () => {
        outcome = await call();
        return !outcome.ok && isFault(outcome.refusal) ? fault : undefined;
      });
      if (outcome === undefined) throw new Error('the breaker let nothing through after it had said it would');
      return outcome;
    },
    reset() {
      if (policy.state === CircuitState.Closed) return;
      policy = build();
      onChange?.('closed');
    },
  };
}

const fault = Symbol('a fault of the server');
