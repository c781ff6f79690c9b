import { epochMilliseconds, ok, refuse, seconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { type BreakerState, createBreaker } from './breaker.ts';

/** A breaker that opens at two faults for ten seconds, with the time in hand. */
function openBreaker() {
  let now = 1_000_000;
  const heard: BreakerState[] = [];
  const breaker = createBreaker({
    clock: () => epochMilliseconds(now),
    failureThreshold: 2,
    recoveryTimeout: seconds(10),
    onChange: (state) => heard.push(state),
  });
  const isFault = (refusal: string): boolean => refusal === 'fault';
  const answer = (outcome: 'good' | 'fault' | 'refusal') => async () => (outcome === 'good' ? ok(1) : refuse(outcome));
  const run = (outcome: 'good' | 'fault' | 'refusal') => breaker.run(answer(outcome), isFault);
  return { breaker, heard, run, isFault, wait: (milliseconds: number) => (now += milliseconds) };
}

const resting = (retryAfter: number) => ({ ok: false, refusal: { why: 'breaker-open', retryAfter } });

describe('a breaker', () => {
  it('opens at so many faults in a row, and sends nothing while it is open', async () => {
    const { breaker, heard, run, wait } = openBreaker();
    await run('fault');
    await run('good');
    await run('fault');
    expect(breaker.state).toBe('closed');
    await run('fault');
    expect({ state: breaker.state, heard }).toEqual({ state: 'open', heard: ['open'] });
    wait(9001);
    expect(await run('good')).toEqual(resting(1));
  });

  it('counts no refusal that is not the server’s fault', async () => {
    const { breaker, run } = openBreaker();
    for (let i = 0; i < 5; i += 1) await run('refusal');
    expect(breaker.state).toBe('closed');
  });

  it('lets exactly one call through when its time is over, and that one decides', async () => {
    const { breaker, heard, run, isFault, wait } = openBreaker();
    await run('fault');
    await run('fault');
    wait(10_000);
    expect(breaker.state).toBe('half-open');
    let finish: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => (finish = resolve));
    const first = breaker.run(async () => slow.then(() => ok(1)), isFault);
    expect(await run('good')).toEqual(resting(1));
    finish();
    expect(await first).toEqual(ok(1));
    expect({ state: breaker.state, heard }).toEqual({ state: 'closed', heard: ['open', 'half-open', 'closed'] });
    await run('fault');
    expect(breaker.state).toBe('closed');
  });

  it('opens again for the whole time where the one call fails', async () => {
    const { breaker, run, wait } = openBreaker();
    await run('fault');
    await run('fault');
    wait(10_000);
    await run('fault');
    expect(breaker.state).toBe('open');
    expect(breaker.retryAfter).toBe(10);
  });

  it('is not opened anew by calls that began before it was closed by hand', async () => {
    const { breaker, run, isFault } = openBreaker();
    let fail: () => void = () => undefined;
    const late = new Promise<void>((resolve) => (fail = resolve));
    const calls = [1, 2].map(() => breaker.run(async () => late.then(() => refuse('fault')), isFault));
    await run('fault');
    await run('fault');
    breaker.reset();
    fail();
    await Promise.all(calls);
    expect(breaker.state).toBe('closed');
  });

  it('takes a call that throws for a bug of ours: the server has answered', async () => {
    const { breaker, run, isFault, wait } = openBreaker();
    const bug = () =>
      breaker.run(async (): Promise<never> => {
        throw new Error('a bug');
      }, isFault);
    await run('fault');
    await expect(bug()).rejects.toThrow('a bug');
    await run('fault');
    expect(breaker.state).toBe('open');
    wait(10_000);
    await expect(bug()).rejects.toThrow('a bug');
    expect(breaker.state).toBe('closed');
  });
});
