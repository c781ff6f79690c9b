import type { Store } from '@keyturn/store';
import { testDatabases } from '@keyturn/store/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Caller } from '../../http/caller.ts';
import {
  agent,
  alice,
  askOne,
  bob,
  callerOf,
  carol,
  type Desk,
  migrate,
  needs,
  openDesk,
  otherAgent,
  patOf,
  reviewer,
} from './open-desk.ts';

const [memory] = testDatabases();
let store: Store;
let desk: Desk;
let drop: () => Promise<void>;
beforeEach(async () => {
  const database = await memory?.create();
  if (database === undefined) throw new Error('there is no SQLite');
  drop = () => database.drop();
  store = await database.open();
  await migrate(store);
  desk = openDesk(store);
});
afterEach(() => drop());

async function asked(by: Caller, args: Parameters<Desk['call']>[1] = { id: 1 }): Promise<string> {
  const answer = await desk.call(by, args);
  if (answer.ok || !('request' in answer.refusal)) throw new Error(JSON.stringify(answer));
  return answer.refusal.request.name;
}
const overlap = (how: string) => ({
  ok: false,
  refusal: { why: 'approver', refusal: { why: 'self-approval', overlap: how } },
});

describe('whoever asks', () => {
  it.each<[string, Caller, Caller, string]>([
    ['with the same token', agent, agent, 'same-identity'],
    [
      'with the same sub through another client',
      alice,
      callerOf({ subject: 'alice-sub', client: 'other' }),
      'same-identity',
    ],
    [
      'in another letter case',
      callerOf({ subject: 's1', client: 'web', claims: { email: 'Alice@Example.com', email_verified: true } }),
      callerOf({ subject: 's2', client: 'web', username: 'alice@example.COM', roles: ['approver'] }),
      'same-identity',
    ],
    [
      'in another Unicode form',
      callerOf({ subject: 's1', username: 'jos\u00e9' }),
      callerOf({ subject: 's2', username: 'jose\u0301', roles: ['approver'] }),
      'same-identity',
    ],
    [
      'with a long s for an s',
      callerOf({ subject: 's1', username: 'ross' }),
      callerOf({ subject: 's2', username: 'roſs', roles: ['approver'] }),
      'same-identity',
    ],
    [
      'with a personal access token of the same owner',
      callerOf({ subject: 'alice-sub', pat: patOf(false) }),
      callerOf({ subject: 'alice-sub', pat: patOf(true) }),
      'same-identity',
    ],
    [
      'as a person who came through the agent’s own client',
      agent,
      callerOf({ subject: 'bob-sub', client: 'aip-agent-1' }),
      'same-client',
    ],
    [
      'as the own service account of the client that they came through',
      callerOf({ subject: 'zoe-sub', client: 'aip-reviewer-1' }),
      reviewer,
      'same-client',
    ],
    ['as the owner of the agent’s client', otherAgent, carol, 'same-owner'],
    [
      'as another agent of the same owner',
      otherAgent,
      callerOf({ subject: 'sa-3', client: 'aip-agent-3', serviceAccount: true, roles: ['approver'] }),
      'same-owner',
    ],
    [
      'as the person on whose behalf the agent acts',
      callerOf({ subject: 'bob-sub', client: 'bot', claims: { act: { sub: 'aip-agent-1' } } }),
      bob,
      'same-identity',
    ],
    [
      'as the agent that acts for a person',
      callerOf({
        subject: 'zoe-sub',
        client: 'bot',
        claims: { act: { sub: 'x', act: { client_id: 'aip-reviewer-1' } } },
      }),
      reviewer,
      'acts-for',
    ],
    [
      'as a reviewer for whom the requesting agent acts',
      agent,
      callerOf({ subject: 'bob-sub', claims: { act: { azp: 'aip-agent-1' } } }),
      'acts-for',
    ],
  ])('cannot approve it %s', async (_, requester, approver, how) => {
    desk.members.current = {
      ...desk.members.current,
      clientOwners: { 'aip-agent-2': ['CAROL'], 'AIP-agent-3': ['carol'] },
    };
    expect(await desk.book.approve(approver, await asked(requester), {})).toMatchObject(overlap(how));
    expect(await desk.book.deny(approver, await asked(requester), 'no'), 'nor deny').toMatchObject(overlap(how));
  });
});

describe('an approval', () => {
  it('takes as many different people as the rule says', async () => {
    desk.policy.decision = needs({ ...askOne, count: 2 });
    const name = await asked(agent);
    expect(await desk.book.approve(bob, name, {})).toMatchObject({ value: { phase: 'Pending' } });
    const again = callerOf({ subject: 'BOB-sub', client: 'other', username: 'Bob', roles: ['approver'] });
    expect(await desk.book.approve(again, name, {})).toMatchObject({
      refusal: { refusal: { why: 'approved-already' } },
    });
    expect((await desk.call(agent, { id: 1 })).ok).toBe(false);
    expect(await desk.book.approve(carol, name, {})).toMatchObject({ value: { phase: 'Approved' } });
    expect((await desk.call(agent, { id: 1 })).ok).toBe(true);
  });

  it('comes from somebody with a role that the rule names, reviewer or not', async () => {
    desk.policy.decision = needs({ ...askOne, from: ['sre'] });
    const name = await asked(agent);
    expect(await desk.book.approve(bob, name, {})).toMatchObject({ refusal: { refusal: { why: 'lacks-role' } } });
    const sre = callerOf({ subject: 'sam', roles: ['sre'] });
    expect(await desk.book.read(sre, name)).toMatchObject({ ok: true });
    expect(await desk.book.approve(sre, name, {})).toMatchObject({ ok: true });
    expect(await desk.book.approve(callerOf({ subject: 'no' }), name, {})).toMatchObject({
      refusal: { refusal: { why: 'not-a-reviewer' } },
    });
  });

  it('asks for a stronger or fresher login where the rule does', async () => {
    desk.policy.decision = needs({ ...askOne, acr: '2' });
    const name = await asked(agent);
    const refusal = { why: 'approver', refusal: { why: 'step-up', acr: '2', maxAge: undefined } };
    expect(await desk.book.approve(bob, name, {})).toEqual({ ok: false, refusal });
    const strong = callerOf({ subject: 'bob-sub', claims: { acr: '3', auth_time: 1_800_000_000 } });
    const approved = await desk.book.approve(strong, name, {});
    expect(approved).toMatchObject({ value: { approvals: [{ acr: '3', authTime: 1_800_000_000_000 }] } });
  });

  it('does not come from a personal access token or a shared account, unless it is allowed by name', async () => {
    const pat = patOf(true);
    const withPat = callerOf({ subject: 'bob-sub', pat });
    const machine = callerOf({ subject: 'sa-m', client: 'machine', serviceAccount: true, roles: ['approver'] });
    const name = await asked(agent);
    for (const shared of [withPat, machine]) {
      expect(await desk.book.approve(shared, name, {})).toMatchObject({
        refusal: { refusal: { why: 'shared-credential' } },
      });
    }
    desk.members.current = { ...desk.members.current, sharedApprovers: [pat.id] };
    expect(await desk.book.approve(withPat, name, {})).toMatchObject({ ok: true });
    // The client of the seed stands in the list of reviewers, which is being allowed by name.
    expect(await desk.book.approve(reviewer, await asked(agent, { id: 2 }), {})).toMatchObject({ ok: true });
  });

  it.each<[string, (desk: Desk) => void, object]>([
    ['policy denies the call now', (on) => (on.policy.decision = { effect: 'deny', reason: 'no' }), {}],
    ['the policies are others', (on) => (on.policy.decision = needs(askOne, 'guard@2')), {}],
    ['the tool has changed', () => undefined, { hash: 'h2' }],
    ['its audience has changed', () => undefined, { audience: 'other' }],
    [
      'the approver is off the list',
      (on) => (on.members.current = { ...on.members.current, reviewerSubjects: [] }),
      {},
    ],
    ['the approver’s role is gone', (on) => (on.rolesNow.current = () => []), { byRole: true }],
    ['the approver is disabled, though on the list', (on) => (on.rolesNow.current = () => 'gone'), {}],
    ['the rule asks for more people', (on) => (on.policy.decision = needs({ ...askOne, count: 2 })), {}],
    ['its time is over', (on) => on.advance(600), {}],
  ])('is worth nothing once %s', async (_, change, given) => {
    const { byRole, ...tool } = { byRole: false, ...given };
    const name = await asked(agent);
    const byRoleOnly = callerOf({ subject: 'rita', roles: ['approver'] });
    expect(await desk.book.approve(byRole ? byRoleOnly : bob, name, {})).toMatchObject({
      value: { phase: 'Approved' },
    });
    change(desk);
    const { tool: base } = (await import('./open-desk.ts')).toolAction({ id: 1 });
    if (base === undefined) throw new Error('the action has a tool');
    if (desk.policy.decision.effect === 'deny') {
      const action = { kind: 'tool.call', targetUri: 'tool://pizzeria/cancel', tool: base, args: { id: 1 } };
      await desk.gate.denied(agent, action, 'no');
    } else {
      expect(await desk.call(agent, { id: 1 }, { tool: { ...base, ...tool } })).toMatchObject({ ok: false });
    }
    await desk.keeper.sweep();
    expect(['Cancelled', 'Expired']).toContain((await desk.repository.byName(name))?.phase);
  });

  it('is void, and what waits too, when the agent that acts for somebody is stopped', async () => {
    const acting = callerOf({
      subject: 'alice-sub',
      client: 'web',
      claims: { act: { sub: 'x', act: { azp: 'Runaway-1' } } },
    });
    const [waiting, approved, other] = [
      await asked(acting, { id: 1 }),
      await asked(acting, { id: 2 }),
      await asked(agent, { id: 3 }),
    ];
    await desk.book.approve(bob, approved, {});
    expect(await desk.keeper.voidAll({ kind: 'agent', value: 'runaway-1' }, 'AgentStopped', 'stopped')).toBe(2);
    for (const name of [waiting, approved]) expect((await desk.repository.byName(name))?.phase).toBe('Cancelled');
    expect((await desk.repository.byName(other))?.phase).toBe('Pending');
  });

  it('of another form of the call shows the difference, and only that form goes through', async () => {
    const name = await asked(agent, { id: 1, note: { to: 'x' } });
    const bad = await desk.book.approve(bob, name, { parameters: { bad: 1 } });
    expect(bad).toMatchObject({ refusal: { why: 'bad-edit' } });
    const before = await desk.repository.byName(name);
    const edited = await desk.book.approve(bob, name, { parameters: { id: 1, note: { to: 'y' }, more: true } });
    expect(edited).toMatchObject({
      value: {
        phase: 'Approved',
        edit: {
          formerDigest: before?.digest,
          changes: [
            { at: '/more', to: true },
            { at: '/note/to', from: 'x', to: 'y' },
          ],
        },
      },
    });
    expect(edited.ok && edited.value.digest).not.toBe(before?.digest);
    expect(await desk.call(agent, { id: 1, note: { to: 'x' } })).toMatchObject({
      refusal: { why: 'call-edited', args: { id: 1, note: { to: 'y' }, more: true } },
    });
    expect(await desk.call(agent, { more: true, note: { to: 'y' }, id: 1 })).toMatchObject({ ok: true });
  });

  it('is the same for other orders of members, and for no other spelling of a value', async () => {
    const name = await asked(agent, { a: 1, b: { c: 'é', d: [1, 2] } });
    expect(await asked(agent, { b: { d: [1, 2], c: 'é' }, a: 1 })).toBe(name);
    for (const other of [
      { a: '1', b: { c: 'é', d: [1, 2] } },
      { a: 1, b: { c: 'e\u0301', d: [1, 2] } },
      { a: 1, b: { c: 'é', d: [2, 1] } },
    ]) {
      expect(await asked(agent, other)).not.toBe(name);
    }
  });

  it('of one agent is nothing to another, nor to the same person with another token', async () => {
    const name = await asked(alice);
    await desk.book.approve(bob, name, {});
    expect((await desk.call(otherAgent, { id: 1 })).ok).toBe(false);
    expect(
      (
        await desk.call(callerOf({ subject: 'alice-sub', client: 'web', username: 'alice', pat: patOf(false) }), {
          id: 1,
        })
      ).ok,
    ).toBe(false);
    expect((await desk.call(alice, { id: 1 })).ok).toBe(true);
  });
});

describe('a call', () => {
  it('that may have reached the upstream is not repeated blindly', async () => {
    const name = await asked(agent);
    await desk.book.approve(bob, name, {});
    expect((await desk.call(agent, { id: 1 })).ok).toBe(true);
    await desk.gate.settle({ request: name }, 'unknown', 'upstream_timeout');
    expect(await desk.call(agent, { id: 1 })).toMatchObject({ refusal: { why: 'outcome-unknown' } });
    desk.policy.decision = needs(askOne, 'guard@2');
    expect(await desk.call(agent, { id: 1 }), 'whatever policies say since').toMatchObject({
      refusal: { why: 'outcome-unknown' },
    });
    expect(await desk.book.finish(agent, name, 'fail', { reason: 'it did not happen' })).toMatchObject({ ok: true });
    expect(await asked(agent)).not.toBe(name);
  });

  it('of a process that died while it made it counts as unknown once its lease is over', async () => {
    const name = await asked(agent);
    await desk.book.approve(bob, name, {});
    await desk.call(agent, { id: 1 });
    expect(await desk.call(agent, { id: 1 })).toMatchObject({ refusal: { why: 'call-under-way' } });
    desk.advance(60);
    expect(await desk.call(agent, { id: 1 })).toMatchObject({ refusal: { why: 'outcome-unknown' } });
    expect(await desk.repository.byName(name)).toMatchObject({ phase: 'Failed', outcomeUnknown: true });
  });

  it('that certainly did not get through may be made again with the same approval', async () => {
    const name = await asked(agent);
    await desk.book.approve(bob, name, {});
    await desk.call(agent, { id: 1 });
    await desk.gate.settle({ request: name }, 'not-reached', 'idp_unreachable');
    expect(await desk.call(agent, { id: 1 })).toEqual({ ok: true, value: { request: name } });
  });

  it('that people denied is not asked for again at once', async () => {
    const name = await asked(agent);
    await desk.book.deny(bob, name, 'too risky');
    expect(await desk.call(agent, { id: 1 })).toMatchObject({
      refusal: { why: 'request-denied', reason: 'too risky' },
    });
    desk.advance(600);
    expect(await asked(agent)).not.toBe(name);
  });
});

describe('confirming', () => {
  const inBrowser = (caller: Caller, kind: 'oidc' | 'break-glass' = 'oidc'): Caller => ({
    ...caller,
    session: { id: 'ses_1', kind, csrfToken: 'x' },
  });
  const from = (caller: Caller, issuer: string): Caller => ({ ...caller, principal: { ...caller.principal, issuer } });
  const confirm = async (caller: Caller, name: string) => {
    const digest = (await desk.repository.byName(name))?.digest ?? '';
    return desk.book.confirm(caller, name, digest);
  };

  it('takes the same sub of the same issuer, in a session of a browser', async () => {
    const name = await asked(alice);
    expect(await confirm(inBrowser(alice), name)).toMatchObject({
      ok: true,
      value: { phase: 'Pending', approvals: [] },
    });
  });

  it('is the person’s for whom an agent acts', async () => {
    const delegated = callerOf({ subject: 'zoe-sub', client: 'bot', claims: { act: { sub: 'aip-agent-1' } } });
    const zoe = callerOf({ subject: 'zoe-sub', client: 'web' });
    expect(await confirm(inBrowser(zoe), await asked(delegated))).toMatchObject({ ok: true });
  });

  it.each<[string, Caller, string]>([
    ['with their token, which the agent has too', alice, 'browser-only'],
    ['by a break-glass session', inBrowser(alice, 'break-glass'), 'browser-only'],
    ['by another reviewer', inBrowser(bob), 'not-yours'],
    ['by the same sub of another issuer', inBrowser(from(alice, 'urn:keyturn:break-glass')), 'not-yours'],
    [
      'by somebody who has taken their name',
      inBrowser(callerOf({ subject: 'eve-sub', username: 'alice', roles: ['approver'] })),
      'not-yours',
    ],
    ['by a stranger', inBrowser(callerOf({ subject: 'eve-sub' })), 'unknown-request'],
  ])('is not done %s', async (_, caller, why) => {
    const name = await asked(alice);
    expect(await confirm(caller, name)).toMatchObject({ ok: false, refusal: { why } });
    expect((await desk.repository.byName(name))?.conditions.map(({ type }) => type)).not.toContain('Confirmed');
  });

  it('is of what was seen', async () => {
    const name = await asked(alice);
    expect(await desk.book.confirm(inBrowser(alice), name, 'v1:another')).toMatchObject({
      ok: false,
      refusal: { why: 'changed-meanwhile' },
    });
  });
});
