import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoginHouse, openLoginHouse, publicUrl } from '../login/open-login-house.ts';
import type { Shown, TestBrowser } from '../login/test-browser.ts';

/** John and Jane ask; Chef and Jane review; two of them where the action says so, and strongly where it says that. */
let house: LoginHouse;
beforeAll(async () => {
  house = await openLoginHouse({
    settings: {
      policies: { default: 'allow' },
      requests: { agentRoles: ['caller'], reviewerRoles: ['chef'] },
    },
    realm: (realm) => ({
      ...realm,
      roles: [...(realm.roles ?? []), 'caller'],
      users: { ...realm.users, john: { roles: ['caller'] }, jane: { roles: ['caller', 'chef'] }, stranger: {} },
    }),
  });
  const rule = (name: string, more: object) => ({
    name,
    type: 'StateEvaluation',
    action: 'RequireApproval',
    expression: `request.spec.action == "${name}"`,
    message: 'Somebody has to agree.',
    config: { approvals: { from: ['chef'], count: 1, within: '30m', ...more } },
  });
  const policy = {
    apiVersion: 'keyturn.dev/v1alpha1',
    kind: 'SafetyPolicy',
    metadata: { name: 'agree' },
    spec: { rules: [rule('pay', {}), rule('pay-much', { count: 2 }), rule('strongly', { acr: '3', maxAge: '2m' })] },
  };
  const made = await send('/api/v1/policies', await house.tokenOf('admin'), policy);
  if (made.status !== 201) throw new Error(made.text);
});
afterAll(() => house[Symbol.asyncDispose]());

const send = (path: string, token: string, body: object) =>
  house.ask('POST', path, { token, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const asked = async (by: string, more: object = {}): Promise<string> => {
  const token = await house.tokenOf(by);
  const made = await send('/agent-requests', token, { action: 'pay', targetURI: 'bank://account/7', ...more });
  if (made.status !== 201) throw new Error(made.text);
  return String(made.body['name']);
};
const stateOf = async (name: string) =>
  (await house.ask('GET', `/agent-requests/${name}`, { token: await house.tokenOf('chef') })).body;
const open = async (username: string, name: string): Promise<{ browser: TestBrowser; page: Shown }> =>
  house.logIn(username, { at: `/agent-requests/${name}` });
const press = (browser: TestBrowser, page: Shown, decision: string, fields: Record<string, string> = {}) =>
  browser.submit(page, /^\/agent-requests\//, { decision, ...fields });
const isConfirmed = async (name: string): Promise<boolean> =>
  ((await stateOf(name))['conditions'] as { type: string }[]).some(({ type }) => type === 'Confirmed');

describe('the page behind the address of a request', () => {
  it('leads through the login and back, and shows what is asked, with nothing loaded, run or framed', async () => {
    const name = await asked('john', { parameters: { amount: 7 }, reason: 'rent' });
    const first = await house.browser().step(`${publicUrl}/agent-requests/${name}`);
    expect([first.status, first.next]).toEqual([302, `${publicUrl}/login?returnTo=%2Fagent-requests%2F${name}`]);
    const { page } = await open('john', name);
    expect([page.status, page.url]).toEqual([200, `${publicUrl}/agent-requests/${name}`]);
    for (const shown of ['bank://account/7', 'rent', '&quot;amount&quot;: 7', 'your', '0 of 1, from chef']) {
      expect(page.html).toContain(shown);
    }
    expect(page.html).not.toMatch(/<script|src=|http-equiv/);
    expect(Object.fromEntries(page.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': expect.stringMatching(/^default-src 'none';.* frame-ancestors 'none'$/),
      'x-content-type-options': 'nosniff',
    });
  });

  it('shows the words of agents and reviewers as text, with what hides in them written out', async () => {
    const name = await asked('john', {
      targetURI: 'bank://"><script>alert(1)</script>',
      reason: 'pay \u202e00001\u202c now\u0007',
      parameters: { '<b>': '</pre><form action=//evil>', gap: '\u200b' },
    });
    const { page } = await open('chef', name);
    expect(page.html).not.toMatch(/<script|<b>|<form action|[\u202e\u202c\u200b]/);
    expect(page.html).toContain('<bdi>pay \\u{202e}00001\\u{202c} now\\u{7}</bdi>');
    expect(page.html).toContain('&quot;gap&quot;: &quot;\\u{200b}&quot;');
  });

  it('stays JSON for programs, with a token or a session', async () => {
    const name = await asked('john');
    const token = await house.tokenOf('john');
    const program = await house.ask('GET', `/agent-requests/${name}`, { token, headers: { accept: 'text/html' } });
    expect(program.body['name']).toBe(name);
    const { browser } = await open('john', name);
    expect((await house.fetchIn(browser, 'GET', `/agent-requests/${name}`)).body['name']).toBe(name);
  });
});

describe('the person in whose name it is asked', () => {
  it('confirms it there, which approves nothing, and cancels it', async () => {
    const name = await asked('john');
    const { browser, page } = await open('john', name);
    const after = await press(browser, page, 'confirm');
    expect(after.url).toBe(`${publicUrl}/agent-requests/${name}`);
    expect(after.html).toContain('confirmed that they ask for this');
    expect(after.html).not.toContain('value="confirm"');
    expect(await stateOf(name)).toMatchObject({ phase: 'Pending', approvals: { required: 1, given: [] } });
    expect((await press(browser, after, 'cancel')).html).toContain('This was cancelled');
    expect(await stateOf(name)).toMatchObject({ phase: 'Cancelled' });
  });

  it('is not led to approve it, though they are a reviewer', async () => {
    const name = await asked('jane');
    const { browser, page } = await open('jane', name);
    expect(page.html).not.toContain('value="approve"');
    const forged = { ...page, html: page.html.replace('value="confirm"', 'value="approve"') };
    const tried = await press(browser, forged, 'approve');
    expect([tried.status, tried.html]).toEqual([403, expect.stringContaining('self_approval')]);
    expect(await stateOf(name)).toMatchObject({ phase: 'Pending', approvals: { given: [] } });
  });
});

describe('nobody confirms for them', () => {
  it('when somebody else is led to the address: it does not exist for them, and they hear as whom they came', async () => {
    const name = await asked('john');
    const mine = await open('john', name);
    const { browser, page } = await open('stranger', name);
    expect(page.status).toBe(404);
    expect(page.html).toContain('You are logged in as stranger');
    expect(page.html).not.toContain('bank://');
    expect(page.html).not.toContain('<form');
    // With John's form, as if they had copied it, and their own token against forgery.
    const own = await house.fetchIn(browser, 'GET', '/api/v1/session');
    const html = mine.page.html.replace(/(name="csrf_token" value=")[^"]*/, `$1${String(own.body['csrf_token'])}`);
    expect((await press(browser, { ...mine.page, html }, 'confirm')).status).toBe(404);
    expect(await isConfirmed(name)).toBe(false);
  });

  it('when a reviewer opens it: they are told that they did not start it, and are offered nothing of that', async () => {
    const name = await asked('john');
    const { browser, page } = await open('chef', name);
    expect(page.html).toContain('you did not start it');
    expect(page.html).not.toMatch(/value="(?:confirm|cancel)"/);
    for (const decision of ['confirm', 'cancel']) expect((await press(browser, page, decision)).status).toBe(403);
    expect(await stateOf(name)).toMatchObject({ phase: 'Pending' });
    expect(await isConfirmed(name)).toBe(false);
  });

  it('with their token, which the agent has too', async () => {
    const name = await asked('john');
    const { page } = await open('john', name);
    const digest = /name="digest" value="([^"]*)"/.exec(page.html)?.[1] ?? '';
    const body = new URLSearchParams({ csrf_token: 'x', digest, decision: 'confirm' }).toString();
    const type = 'application/x-www-form-urlencoded';
    const token = await house.tokenOf('john');
    const tried = await house.ask('POST', `/agent-requests/${name}`, {
      token,
      headers: { 'content-type': type },
      body,
    });
    expect([tried.status, tried.body['code']]).toEqual([403, 'browser_session_required']);
    expect(await isConfirmed(name)).toBe(false);
  });

  it('from a page of another site, or without the token of the session', async () => {
    const name = await asked('john');
    const { browser, page } = await open('john', name);
    const fields = (csrf: string) => {
      const digest = /name="digest" value="([^"]*)"/.exec(page.html)?.[1] ?? '';
      return new URLSearchParams({ csrf_token: csrf, digest, decision: 'confirm' }).toString();
    };
    const right = /name="csrf_token" value="([^"]*)"/.exec(page.html)?.[1] ?? '';
    const from = (headers: Record<string, string>, body: string) =>
      browser.step(`${publicUrl}/agent-requests/${name}`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      });
    const tried = [
      await from({ 'sec-fetch-site': 'cross-site' }, fields(right)),
      await from({ origin: 'https://evil.example' }, fields(right)),
      await from({ 'sec-fetch-site': 'same-origin' }, fields('wrong')),
      await from({ 'sec-fetch-site': 'same-origin' }, `${fields(right)}&decision=confirm`),
    ];
    expect(tried.map(({ status }) => status)).toEqual([403, 403, 403, 400]);
    expect(await isConfirmed(name)).toBe(false);
  });
});

describe('a reviewer', () => {
  it('approves there with a comment, and the agent may act, once', async () => {
    const name = await asked('john');
    const { browser, page } = await open('chef', name);
    const after = await press(browser, page, 'approve', { reason: 'fine, <i>once</i>' });
    expect(after.html).toContain('This is approved');
    expect(after.html).toContain('fine, &lt;i&gt;once&lt;/i&gt;');
    const token = await house.tokenOf('john');
    const acts = () => send(`/agent-requests/${name}/executing`, token, {});
    expect([(await acts()).status, (await acts()).status]).toEqual([200, 409]);
  });

  it('denies there, and is told on a page when it is too late', async () => {
    const name = await asked('john');
    const [one, other] = [await open('chef', name), await open('jane', name)];
    expect((await press(one.browser, one.page, 'deny', { reason: 'no' })).html).toContain('This was denied');
    const late = await press(other.browser, other.page, 'approve', { reason: '' });
    expect([late.status, late.html]).toEqual([409, expect.stringContaining('can only approve/deny when Pending')]);
  });

  it('does not approve what they have not seen: another one has changed it meanwhile', async () => {
    const name = await asked('john', { action: 'pay-much', parameters: { amount: 7 } });
    const { browser, page } = await open('chef', name);
    const edited = await send(`/agent-requests/${name}/approve`, await house.tokenOf('jane'), {
      parameters: { amount: 7000 },
    });
    expect(edited.status).toBe(200);
    const tried = await press(browser, page, 'approve');
    expect([tried.status, tried.html]).toEqual([409, expect.stringContaining('changed_meanwhile')]);
    const again = await browser.visit(`${publicUrl}/agent-requests/${name}`);
    expect(again.html).toContain('/amount: 7 → 7000');
    expect((await press(browser, again, 'approve')).html).toContain('This is approved');
  });

  it('is led to the login that the rule asks for, and cannot go past it', async () => {
    const name = await asked('john', { action: 'strongly' });
    const { browser, page } = await open('chef', name);
    expect(page.html).not.toContain('value="approve"');
    const link = /href="(\/login\?[^"]*)"/.exec(page.html)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const begun = await browser.step(`${publicUrl}${link}`);
    expect(Object.fromEntries(new URL(begun.next ?? '').searchParams)).toMatchObject({
      acr_values: '3',
      max_age: '120',
    });
    const tried = await press(browser, page, 'approve');
    expect([tried.status, tried.html]).toEqual([401, expect.stringContaining('step_up_required')]);
    expect(await stateOf(name)).toMatchObject({ phase: 'Pending', approvals: { given: [] } });
  });
});
