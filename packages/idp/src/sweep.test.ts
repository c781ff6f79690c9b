import { randomBytes } from 'node:crypto';
import { epochMilliseconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { createRealm, createSession, createUser, openState, putSingleUse } from './model/index.ts';
import { sweepEvents, sweepSessions } from './sweep.ts';

describe('sweeping', () => {
  it('removes what is over, and nothing that is still good', () => {
    let now = 1_800_000_000_000;
    const clock = () => epochMilliseconds(now);
    const state = openState({ path: ':memory:', clock, random: (n) => randomBytes(n) });
    const realm = createRealm(state, { realm: 'r', ssoSessionIdleTimeout: 600, eventsExpiration: 600 });
    if (!realm.ok) throw new Error('refused');
    const user = createUser(state, realm.value, { username: 'ann' });
    if (!user.ok) throw new Error('refused');
    const given = { realmId: realm.value.id, userId: user.value.id, ipAddress: '127.0.0.1' };
    const old = createSession(state, given);
    const event = (id: string) => ({ id, time: now, type: 'LOGIN', realmId: realm.value.id });
    state.events.append(event('old'));
    putSingleUse(state, { id: 'old', realmId: realm.value.id, purpose: 'code', lifetime: 60, body: {} });
    now += 601_000;
    const fresh = createSession(state, given);
    state.events.append(event('fresh'));
    putSingleUse(state, { id: 'fresh', realmId: realm.value.id, purpose: 'code', lifetime: 60, body: {} });

    state.sweep();
    sweepSessions(state);
    sweepEvents(state);

    expect([state.sessions.get(old.id), state.sessions.get(fresh.id)?.id]).toEqual([undefined, fresh.id]);
    expect(state.events.query(realm.value.id, {}).map((it) => it.id)).toEqual(['fresh']);
    expect(state.singleUse.size).toBe(1);
    state.close();
  });
});
