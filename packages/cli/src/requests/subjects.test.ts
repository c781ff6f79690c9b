import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, openHouse } from '../house/open-house.ts';
import type { Io } from '../io.ts';
import { buildProgram } from '../program.ts';
import { readSettings } from '../settings.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyturn-subjects-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const ask = async (house: House, client = 'aip-agent-1') =>
  house.post('/agent-requests', await house.tokenOfClient(client), { action: 'look', targetURI: 'k8s://dev/a' });
const roleOf = async (house: House, client: string) =>
  (await house.get('/whoami', await house.tokenOfClient(client))).body['role'];

describe('the file of subject lists', () => {
  it('is read again without a restart; what is no list leaves the old ones, and the log says so', async () => {
    const path = join(folder, 'subjects.yaml');
    await writeFile(path, 'agentSubjects: [aip-agent-1]\nreviewerSubjects: [aip-reviewer-1]\n');
    await using house = await openHouse({
      settings: {
        policies: { default: 'allow' },
        requests: { subjectsFile: path, agentSubjects: ['aip-deaf-1'] },
      },
    });
    expect([await roleOf(house, 'aip-agent-1'), await roleOf(house, 'aip-reviewer-1')]).toEqual(['agent', 'reviewer']);
    for (const broken of ['agentSubjects: [a', 'agentSubjects: everybody\nreviewerSubjects: []', '', '[]']) {
      await writeFile(path, broken);
      const before = house.log().length;
      await expect.poll(() => house.log().slice(before), { timeout: 5000 }).toContain('stay as they were');
      expect((await ask(house)).status, broken).toBe(201);
    }
    await writeFile(path, 'agentSubjects: [aip-reviewer-1]\nreviewerSubjects: [aip-agent-1]\n');
    await expect.poll(() => roleOf(house, 'aip-agent-1'), { timeout: 5000 }).toBe('reviewer');
    expect((await ask(house)).body['error']).toBe('agent role required');
    const admin = await house.tokenOf('admin');
    const set = await house.send('/api/v1/gateway/subjects', {
      method: 'PUT',
      token: admin,
      body: JSON.stringify({ agentSubjects: ['aip-agent-1'], reviewerSubjects: [] }),
    });
    expect([set.status, set.body['code']]).toEqual([409, 'subjects_from_file']);
  }, 20_000);

  it('must be there at the start: nobody starts without knowing who may', async () => {
    const settings = { requests: { subjectsFile: join(folder, 'missing.yaml') } };
    await expect(openHouse({ settings })).rejects.toThrow('requests.subjectsFile');
  });
});

describe('PUT /api/v1/gateway/subjects', () => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse({
      settings: {
        policies: { default: 'allow' },
        requests: { agentSubjects: ['aip-agent-1'], reviewerSubjects: ['aip-reviewer-1'] },
      },
    });
  });
  afterAll(() => house[Symbol.asyncDispose]());
  const put = async (body: unknown, token: string) =>
    house.send('/api/v1/gateway/subjects', { method: 'PUT', token, body: JSON.stringify(body) });

  it('changes who is what at once, for administrators only, and the audit says who did it', async () => {
    const lists = { agentSubjects: ['aip-agent-1', 'aip-reviewer-1'], reviewerSubjects: [] };
    for (const token of [await house.tokenOf('john'), await house.tokenOfClient('aip-agent-1')]) {
      expect((await put(lists, token)).status).toBe(403);
    }
    const admin = await house.tokenOf('admin');
    expect(await put(lists, admin)).toMatchObject({ status: 200, body: { ...lists, from: 'api' } });
    expect([await roleOf(house, 'aip-agent-1'), await roleOf(house, 'aip-reviewer-1')]).toEqual(['agent', 'agent']);
    expect((await house.get('/api/v1/gateway/subjects', admin)).body).toMatchObject(lists);
    expect(JSON.stringify(await house.audit())).toContain('gateway.subjects');
  });

  it.each([
    ['something else', { agents: [] }],
    ['one list alone', { agentSubjects: ['a'] }],
    ['an empty name', { agentSubjects: [''], reviewerSubjects: [] }],
    ['too many', { agentSubjects: Array.from({ length: 10_001 }, (_, i) => `a${i}`), reviewerSubjects: [] }],
  ])('takes no list that is none: %s', async (_, body) => {
    expect((await put(body, await house.tokenOf('admin'))).status).toBe(400);
  });
});

describe('the values of seed 001’s chart', () => {
  const io = (env: Record<string, string> = {}): Io => ({
    env,
    cwd: folder,
    print: () => undefined,
    complain: () => undefined,
    exit: () => undefined,
    stopped: new Promise(() => undefined),
    isTerminal: false,
  });
  const wanted = {
    auth: { issuer: 'http://id.example/realms/aip', audiences: ['aip-gateway'], identityClaim: 'azp' },
    requests: { agentSubjects: ['aip-agent-1', 'aip-agent-2'], reviewerSubjects: ['aip-reviewer-1'] },
  };
  const values = {
    'gateway.auth.oidcIssuerURL': 'http://id.example/realms/aip',
    'gateway.auth.oidcAudience': 'aip-gateway',
    'gateway.auth.oidcIdentityClaim': 'azp',
    'gateway.auth.agentSubjects': 'aip-agent-1,aip-agent-2',
    'gateway.auth.reviewerSubjects': 'aip-reviewer-1',
  };

  it('mean the same in a file, as flags, and by Keyturn’s own names in the environment', async () => {
    const lines = Object.entries(values).map(([path, value]) => `    ${path.split('.').at(-1) ?? ''}: "${value}"`);
    await writeFile(join(folder, 'chart.yaml'), `gateway:\n  auth:\n${lines.join('\n')}\n`);
    const byFile = await readSettings(io(), { configPath: 'chart.yaml', flags: {} });
    const byFlags = await readSettings(io(), { configPath: undefined, flags: values });
    const seedFlags = {
      'oidc-issuer-url': wanted.auth.issuer,
      'oidc-audience': 'aip-gateway',
      'oidc-identity-claim': 'azp',
      'agent-subjects': 'aip-agent-1,aip-agent-2',
      'reviewer-subjects': 'aip-reviewer-1',
    };
    const bySeedFlags = await readSettings(io(), { configPath: undefined, flags: seedFlags });
    const byEnvironment = await readSettings(
      io({
        KEYTURN_AUTH__ISSUER: wanted.auth.issuer,
        KEYTURN_AUTH__DISCOVERY: 'true',
        KEYTURN_AUTH__AUDIENCES: 'aip-gateway',
        KEYTURN_AUTH__IDENTITY_CLAIM: 'azp',
        KEYTURN_REQUESTS__AGENT_SUBJECTS: 'aip-agent-1,aip-agent-2',
        KEYTURN_REQUESTS__REVIEWER_SUBJECTS: 'aip-reviewer-1',
      }),
      { configPath: undefined, flags: {} },
    );
    for (const { settings } of [byFile, byFlags, bySeedFlags, byEnvironment]) expect(settings).toMatchObject(wanted);
  });

  it.each([
    [
      'no list at all',
      ['agentSubjects', 'reviewerSubjects'],
      /requests\.agentSubjects.*\n.*requests\.reviewerSubjects/,
    ],
    ['no agents', ['agentSubjects'], /requests\.agentSubjects.*says who may ask/],
    ['no reviewers', ['reviewerSubjects'], /requests\.reviewerSubjects.*says who may approve/],
  ])('do not start with %s: nobody is everybody', async (_, without, said) => {
    const given = Object.entries(values).filter(([path]) => !without.includes(path.split('.').at(-1) ?? ''));
    const flags = given.map(([path, value]) => `--${path}=${value}`);
    const program = buildProgram(io(), 0).exitOverride();
    await expect(program.parseAsync(['config', 'print', ...flags], { from: 'user' })).rejects.toThrow(said);
    const lines = given.map(([path, value]) => `    ${path.split('.').at(-1) ?? ''}: "${value}"`);
    await writeFile(join(folder, 'bare.yaml'), `gateway:\n  auth:\n${lines.join('\n')}\n`);
    await expect(readSettings(io(), { configPath: 'bare.yaml', flags: {} })).rejects.toThrow(said);
  });

  it('start with roles instead of lists, and refuse two names that disagree', async () => {
    const { 'gateway.auth.agentSubjects': _a, 'gateway.auth.reviewerSubjects': _r, ...others } = values;
    const roles = { 'requests.agent-roles': 'agent', 'requests.reviewer-roles': 'reviewer' };
    const read = await readSettings(io(), { configPath: undefined, flags: { ...others, ...roles } });
    expect(read.settings.requests).toMatchObject({ agentRoles: ['agent'], reviewerRoles: ['reviewer'] });
    const twice = { ...values, 'agent-subjects': 'somebody-else' };
    await expect(readSettings(io(), { configPath: undefined, flags: twice })).rejects.toThrow('requests.agentSubjects');
  });
});
