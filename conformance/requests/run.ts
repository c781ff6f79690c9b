import { NoPostgres } from '../parts/postgres.ts';
import { type Checks, keepChecks } from '../parts/checks.ts';
import { type People, post } from './calls.ts';
import { checkKills } from './kills.ts';
import { openSeedSteps, type SeedSteps } from './seed-steps.ts';
import { checkFlood, checkToolRacers, mcpResource, openPayUpstream } from './tool-gate.ts';
import { type Gateway, openStage, type Stage } from './stage.ts';

const say = (text: string): void => console.error(text);

/**
 * Seed 001 from step 2 to step 6, as its reader types it; the refusals of its table; racers at the gate of tools; one agent
 * that asks without end; then three replicas on PostgreSQL, with racers on one approval and with a kill -9 after each step.
 */
export async function run(parts: {
  idp: 'embedded' | 'keycloak';
  keycloakUrl?: string;
}): Promise<{ line: string; ok: boolean }> {
  const checks = keepChecks(say);
  const stage = await openStage(parts.keycloakUrl);
  try {
    const seed = openSeedSteps(stage.idpUrl);
    const statuses = await seed.configure();
    checks.that('step 2: realm, clients, mappers', statuses.join(' ') === '201 201 201 201 201', statuses);
    const people = await logIn(stage, seed, checks);
    await checkRefusals(stage, seed, people, checks);
    await checkAllowed(stage, seed, people, checks);
    await stage.addAudience('aip-agent-1', mcpResource);
    const { token: agent } = await seed.token('aip-agent-1', 'agent-1-secret');
    const callers: People = { agent, reviewer: people.reviewer };
    await using upstream = await openPayUpstream();
    const flags = [
      ...['--policies.path', stage.policies, '--requests.execution-timeout', '4'],
      ...['--mcp.resource', mcpResource, '--tools.allowed-hosts', upstream.host],
      // A role that every account of the realm has, so that the suite can register a source.
      ...['--auth.admin-role', 'default-roles-aip'],
    ];
    const alone = await stage.start(stage.sqlite(), flags);
    await checkToolRacers([alone], upstream, callers, checks, 'SQLite');
    await checkFlood(alone, callers, checks);
    await alone.running.stop();
    const database = await stage.postgres();
    const replicas: readonly [Gateway, Gateway, Gateway] = [
      await stage.start(database, flags),
      await stage.start(database, flags),
      await stage.start(database, flags),
    ];
    await checkApproval(replicas, seed, people, checks);
    const racers = await checkRacers(replicas, seed, people, checks);
    await checkToolRacers(replicas, upstream, callers, checks, 'PostgreSQL, 3 replicas');
    await checkKills({ stage, replicas, database, flags, seed, people }, checks);
    const failed = checks.failed();
    return {
      ok: failed.length === 0,
      line: `requests (${parts.idp}): ${checks.passed()} passed, ${failed.length} failed; ${racers} racers on one approval over 3 replicas: one execution, by hand, over REST and over MCP`,
    };
  } catch (error) {
    if (!(error instanceof NoPostgres) || process.env['CI'] !== undefined) throw error;
    return { line: `requests (${parts.idp}): skipped: ${error.message}`, ok: true };
  } finally {
    await stage.close();
  }
}

async function logIn(stage: Stage, seed: SeedSteps, checks: Checks): Promise<People> {
  const { token: agent, claims } = await seed.token('aip-agent-1', 'agent-1-secret');
  const { token: reviewer } = await seed.token('aip-reviewer-1', 'reviewer-1-secret');
  checks.that('step 4: iss', claims.includes(`"iss": "${stage.issuer}"`), claims);
  checks.that('step 4: azp', claims.includes('"azp": "aip-agent-1"'), claims);
  checks.that('step 4: aud', claims.includes('"aip-gateway"'), claims);
  return { agent, reviewer };
}

/** Step 3 and the troubleshooting: what does not start, and what is turned away with which words. */
async function checkRefusals(
  stage: Stage,
  seed: SeedSteps,
  { agent, reviewer }: People,
  checks: Checks,
): Promise<void> {
  const named = ['--oidc-issuer-url', stage.issuer, '--oidc-audience', 'aip-gateway'];
  const bare = await stage.refusal(named);
  checks.that(
    'no subject lists: it does not start',
    bare.status === 2 && bare.said.includes('requests.agentSubjects'),
    bare,
  );
  const lists = ['--agent-subjects', 'a', '--reviewer-subjects', 'b'];
  const lost = await stage.refusal([
    '--oidc-issuer-url',
    `${stage.idpUrl}/realms/nowhere`,
    '--oidc-audience',
    'x',
    ...lists,
  ]);
  checks.that('no such issuer: OIDC setup failed', lost.status === 2 && lost.said.includes('OIDC setup failed'), lost);
  const deaf = await stage.start(stage.sqlite());
  const none = await fetch(`${deaf.url}/agent-requests`, { method: 'POST' });
  checks.that('401 without a token', none.status === 401);
  const strange = await seed.ask(deaf.url, reviewer);
  checks.that(
    '403 agent role required',
    strange.status === 403 && strange.text.includes('agent role required'),
    strange,
  );
  const broken = await seed.ask(deaf.url, `${agent.slice(0, -4)}AAAA`);
  checks.that('401 invalid token', broken.status === 401 && broken.text.includes('invalid token'), broken);
  const id = await fetch(`${stage.issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: 'aip-agent-1',
      client_secret: 'agent-1-secret',
      scope: 'openid',
    }),
  });
  const { id_token: idToken } = (await id.json()) as { id_token: string };
  const kind = await seed.ask(deaf.url, idToken);
  checks.that('401 for an ID token, whatever its aud', kind.status === 401, kind);
  await deaf.running.stop();
  const others = await stage.refusal(['--oidc-audience', 'aip-gateway', '--oidc-isuer-url', 'x']);
  checks.that(
    'an unknown flag is refused by name',
    others.status === 2 && others.said.includes('oidc-issuer-url'),
    others,
  );
  const elsewhere = await stage.start(stage.sqlite(), [], 'another-gateway');
  const audience = await seed.ask(elsewhere.url, agent);
  const isNamed = audience.text.includes('aud claim does not match');
  checks.that('401 aud claim does not match', audience.status === 401 && isNamed, audience);
  await elsewhere.running.stop();
}

/** Step 5 where nothing forbids it: Approved at once, and there is nothing left to approve. */
async function checkAllowed(stage: Stage, seed: SeedSteps, people: People, checks: Checks): Promise<void> {
  const gateway = await stage.start(stage.sqlite(), ['--policies.default', 'allow']);
  const asked = await seed.ask(gateway.url, people.agent);
  checks.that('step 5: 201', asked.status === 201, asked);
  checks.that('step 5: the name', /^aip-agent-1-[a-z0-9]+$/.test(String(asked.body['name'])), asked.body['name']);
  checks.that('step 5: Approved', asked.body['phase'] === 'Approved', asked.body['phase']);
  checks.that('step 5: conditions', Array.isArray(asked.body['conditions']), asked.body);
  const late = await seed.approve(gateway.url, people.reviewer, String(asked.body['name']));
  checks.that('a later approve is 409', late.status === 409, late);
  await gateway.running.stop();
}

/** Step 6 under a rule that asks for a second key, over two replicas. */
async function checkApproval(
  [one, two, three]: readonly [Gateway, Gateway, Gateway],
  seed: SeedSteps,
  { agent, reviewer }: People,
  checks: Checks,
): Promise<void> {
  const asked = await seed.ask(one.url, agent);
  checks.that('step 5 under the rule: 201 Pending', asked.status === 201 && asked.body['phase'] === 'Pending', asked);
  const name = String(asked.body['name']);
  const watching = watch(three.url, agent, name);
  const self = await seed.approve(two.url, agent, name);
  checks.that(
    'an agent cannot approve: 403 reviewer role required',
    self.text.includes('reviewer role required'),
    self,
  );
  const approved = await seed.approve(two.url, reviewer, name);
  checks.that('step 6: 200 Approved', approved.status === 200 && approved.body['phase'] === 'Approved', approved);
  checks.that('executing', (await post(three.url, agent, name, 'executing')).status === 200);
  checks.that('completed', (await post(one.url, agent, name, 'completed')).status === 200);
  const events = await watching;
  checks.that(
    'a watcher at the third replica sees each phase',
    /Pending[^]*Approved[^]*Completed/.test(events),
    events,
  );
  checks.that('and the end', events.includes('event: result'), events.slice(-200));
}

/** Everybody wants to execute the one approval, at all replicas at once. */
async function checkRacers(
  replicas: readonly Gateway[],
  seed: SeedSteps,
  { agent, reviewer }: People,
  checks: Checks,
): Promise<number> {
  const racers = 64;
  const asked = await seed.ask(replicas[0]?.url ?? '', agent);
  const name = String(asked.body['name']);
  await seed.approve(replicas[1]?.url ?? '', reviewer, name);
  const answers = await Promise.all(
    Array.from({ length: racers }, (_, i) => post(replicas[i % replicas.length]?.url ?? '', agent, name, 'executing')),
  );
  const won = answers.filter(({ status }) => status === 200).length;
  checks.that('64 racers: exactly one execution', won === 1, won);
  checks.that('the others: 409', answers.filter(({ status }) => status === 409).length === racers - 1);
  return racers;
}

async function watch(url: string, token: string, name: string): Promise<string> {
  const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' };
  const answer = await fetch(`${url}/agent-requests/${name}/watch`, { headers, signal: AbortSignal.timeout(30_000) });
  return answer.text();
}
