import { randomBytes } from 'node:crypto';
import { epochMilliseconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { openState, peekSingleUse, putSingleUse } from '../../model/index.ts';
import { makeRoom } from './make-room.ts';

describe('a flood of begun logins', () => {
  it('pushes out the oldest logins only, and nothing that is of another kind', () => {
    const state = openState({ path: ':memory:', clock: () => epochMilliseconds(0), random: (n) => randomBytes(n) });
    const put = (purpose: string, id: string): void => {
      makeRoom(state, 'login', 20);
      putSingleUse(state, { id, realmId: 'r', purpose, lifetime: 60, body: {} });
    };
    put('code', 'precious');
    for (let count = 0; count < 100; count += 1) put('login', String(count));
    expect(state.singleUse.size).toBeLessThanOrEqual(20);
    expect(peekSingleUse(state, 'r', 'code', 'precious')).toBeDefined();
    expect(peekSingleUse(state, 'r', 'login', '99')).toBeDefined();
    expect(peekSingleUse(state, 'r', 'login', '0')).toBeUndefined();
    state.close();
  });
});
