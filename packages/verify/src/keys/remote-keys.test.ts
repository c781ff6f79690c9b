import type { EpochMilliseconds } from '@keyturn/protocol';
import { epochMilliseconds, hours, minutes, ok, refuse, seconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import type { Algorithm } from '../algorithms.ts';
import { algorithms } from '../algorithms.ts';
import { publicJwk, testKey } from '../../vector-makers/keys.ts';
import { buildKeyIndex } from './key-index.ts';
import type { LoadKeys } from './remote-keys.ts';
import { createRemoteKeys } from './remote-keys.ts';

const policy = {
  refreshAfter: minutes(5),
  maxAge: minutes(10),
  staleWhileDown: hours(1),
  coolDown: seconds(30),
};
const es256 = algorithms.get('ES256') as Algorithm;

/** An issuer with a clock, whose key set changes and which goes down at will. */
function house() {
  let now = 1_800_000_000_000;
  let up = true;
  let kids = ['es256'];
  let fetches = 0;
  let hold: Promise<void> | undefined;
  const clock = (): EpochMilliseconds => epochMilliseconds(now);
  const load: LoadKeys = async (before) => {
    fetches++;
    await hold;
    const index = buildKeyIndex({ keys: kids.map((kid) => ({ ...publicJwk(testKey('es256')), kid })) }, before);
    return up && index !== undefined ? ok(index) : refuse('down');
  };
  const keys = createRemoteKeys(load, policy, clock);
  return {
    keys,
    find: async (kid: string) => {
      const found = await keys.find(kid, es256);
      return found.ok ? 'found' : found.refusal.why;
    },
    atHand: (kid: string) => {
      const found = keys.atHand(kid, es256, clock());
      return found === undefined ? 'ask' : found.ok ? 'found' : found.refusal.why;
    },
    clock,
    fetches: () => fetches,
    wait: (duration: number) => {
      now += duration * 1000;
    },
    rotate: (...to: string[]) => {
      kids = to;
    },
    power: (on: boolean) => {
      up = on;
    },
    slow: () => {
      let go = (): void => {};
      hold = new Promise((resolve) => {
        go = () => {
          hold = undefined;
          resolve();
        };
      });
      return go;
    },
    settle: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

describe('the keys of an issuer', () => {
  it('are fetched once and then at hand', async () => {
    const { find, atHand, fetches } = house();
    expect(atHand('es256')).toBe('ask');
    expect(await find('es256')).toBe('found');
    expect(atHand('es256')).toBe('found');
    expect(await find('es256')).toBe('found');
    expect(fetches()).toBe(1);
  });

  it('are fetched once for any number of tokens that come at the same time', async () => {
    const { find, fetches, slow } = house();
    const go = slow();
    const found = Promise.all(Array.from({ length: 100 }, () => find('es256')));
    go();
    expect(new Set(await found)).toEqual(new Set(['found']));
    expect(fetches()).toBe(1);
  });

  it('accept a key at once that was just rotated in', async () => {
    const { find, rotate, fetches } = house();
    await find('es256');
    rotate('es256', 'new');
    expect(await find('new')).toBe('found');
    expect(fetches()).toBe(2);
  });

  it('are asked for twice at most by 500 unknown key ids, one after another', async () => {
    const { find, fetches } = house();
    await find('es256');
    for (let i = 0; i < 500; i++) expect(await find(`forged-${i}`)).toBe('unknown-key');
    expect(fetches() - 1).toBeLessThanOrEqual(2);
  });

  it('are asked for twice at most by 500 unknown key ids at once', async () => {
    const { find, fetches } = house();
    await find('es256');
    const found = await Promise.all(Array.from({ length: 500 }, (_, i) => find(`forged-${i}`)));
    expect(new Set(found)).toEqual(new Set(['unknown-key']));
    expect(fetches() - 1).toBeLessThanOrEqual(2);
  });

  it('accept a new key after a forged one has caused a refetch', async () => {
    const { find, rotate, fetches } = house();
    await find('es256');
    expect(await find('forged')).toBe('unknown-key');
    rotate('new');
    expect(await find('new')).toBe('found');
    expect(fetches()).toBe(3);
  });

  it('win back a refetch with each cool-down that passes', async () => {
    const { find, rotate, wait } = house();
    await find('es256');
    for (let i = 0; i < 10; i++) await find(`forged-${i}`);
    rotate('new');
    expect(await find('new')).toBe('unknown-key');
    wait(30);
    expect(await find('new')).toBe('found');
  });

  it('do not blame a token for a fetch that began before it came', async () => {
    const { find, rotate, slow, fetches, wait, atHand } = house();
    await find('es256');
    wait(301);
    const go = slow();
    expect(atHand('es256')).toBe('found');
    const late = find('new');
    go();
    rotate('es256', 'new');
    expect(await late).toBe('found');
    expect(fetches()).toBeLessThanOrEqual(3);
  });

  it('are refreshed in the background ahead of their age', async () => {
    const { find, atHand, wait, fetches, settle } = house();
    await find('es256');
    wait(301);
    expect(atHand('es256')).toBe('found');
    await settle();
    expect(fetches()).toBe(2);
  });

  it('are asked for first when they are older than their age', async () => {
    const { find, atHand, wait, rotate } = house();
    await find('es256');
    wait(601);
    rotate('new');
    expect(atHand('es256')).toBe('ask');
    expect(await find('es256')).toBe('unknown-key');
  });

  it('serve stale while the issuer is down, up to a bound', async () => {
    const { find, atHand, wait, power } = house();
    await find('es256');
    power(false);
    wait(601);
    expect(await find('es256')).toBe('found');
    expect(atHand('es256')).toBe('found');
    wait(3600);
    expect(atHand('es256')).toBe('ask');
    expect(await find('es256')).toBe('keys-unavailable');
  });

  it('are asked for once a second at most while the issuer is down', async () => {
    const { find, wait, power, fetches } = house();
    power(false);
    for (let tenth = 0; tenth < 50; tenth++) {
      expect(await find('es256')).toBe('keys-unavailable');
      wait(0.1);
    }
    expect(fetches()).toBe(5);
  });

  it('are asked for once a second at most by unknown key ids while the issuer is down', async () => {
    const { find, wait, power, fetches } = house();
    await find('es256');
    power(false);
    for (let tenth = 0; tenth < 50; tenth++) {
      expect(await find(`forged-${tenth}`)).toBe('keys-unavailable');
      wait(0.1);
    }
    expect(fetches() - 1).toBeLessThanOrEqual(5);
    power(true);
    wait(1);
    expect(await find('es256')).toBe('found');
  });

  it('come back as soon as the issuer does', async () => {
    const { find, wait, power } = house();
    power(false);
    expect(await find('es256')).toBe('keys-unavailable');
    power(true);
    wait(1);
    expect(await find('es256')).toBe('found');
  });

  it('no longer stand once they are out of the set', async () => {
    const { keys, find, wait, rotate, clock } = house();
    await find('es256');
    const found = keys.atHand('es256', es256, clock());
    const key = found?.ok === true ? found.value[0] : undefined;
    if (key === undefined) throw new Error('no key');
    expect(keys.stillStands(key, clock())).toBe(true);
    wait(601);
    expect(await find('es256')).toBe('found');
    expect(keys.stillStands(key, clock())).toBe(true);
    wait(601);
    rotate('new');
    await find('new');
    expect(keys.stillStands(key, clock())).toBe(false);
  });

  it('survive a fetch that breaks its promise', async () => {
    const broken = createRemoteKeys(
      () => Promise.reject(new Error('boom')),
      policy,
      () => epochMilliseconds(0),
    );
    const outcome = await broken.ready();
    expect(outcome).toMatchObject({ ok: false, refusal: { why: 'keys-unavailable', fault: 'Error: boom' } });
  });

  it('are asked for again once the clock was set back by years', async () => {
    const { find, rotate, wait } = house();
    const years = 10 * 365 * 86_400;
    wait(years);
    await find('es256');
    rotate('new');
    wait(-years);
    expect(await find('es256')).toBe('unknown-key');
    expect(await find('new')).toBe('found');
  });

  it('serve while the issuer is down when the clock was set back, and no longer than else', async () => {
    const { find, wait, power } = house();
    await find('es256');
    power(false);
    wait(-60);
    expect(await find('es256')).toBe('found');
    wait(3599);
    expect(await find('es256')).toBe('found');
    wait(1);
    expect(await find('es256')).toBe('keys-unavailable');
  });

  it('win back refetches by a clock that was set back', async () => {
    const { find, rotate, wait } = house();
    await find('es256');
    for (let i = 0; i < 5; i++) await find(`forged-${i}`);
    wait(-86_400);
    for (let i = 0; i < 5; i++) await find(`forged-${i}`);
    rotate('es256', 'new');
    wait(30);
    expect(await find('new')).toBe('found');
  });
});
