import { keepChecks } from '../edge/checks.ts';
import { fetchFromNpm, fetchFromPyPi, NotFetched } from '../parts/fetched.ts';
import { tryClients } from './clients.ts';
import { tryFaults } from './faults.ts';
import { tryLargeDocument } from './large-document.ts';
import { exemptions } from './not-applicable.ts';
import { type Outcome, runAuthorizationScenarios, runServerScenarios } from './official.ts';
import { tryReplicas } from './replicas.ts';
import { openStage } from './stage.ts';
import { telemetryVersions, tryTelemetry } from './telemetry.ts';

/** The first release with 2026-07-28 is 0.2.0-alpha.12. */
const versions = {
  '@modelcontextprotocol/conformance': '0.2.0-alpha.12',
  '@modelcontextprotocol/inspector': '2.12.0',
};
const pythonVersions = { mcp: '2.3.0' };

/**
 * MCP as others judge it: the official conformance suite in both eras, with the lean path and without, its scenarios for
 * authorization servers, the clients that people use, and upstreams that do everything wrong.
 */
export async function run(parts: {
  idp: 'embedded' | 'keycloak';
  keycloakUrl?: string;
}): Promise<{ line: string; ok: boolean }> {
  const say = (text: string): void => console.error(text);
  let fetched: string;
  let python: string;
  let telemetry: string;
  try {
    say('fetching the official suite and clients into .cache (once)');
    fetched = await fetchFromNpm('mcp-conformance', versions);
    telemetry = await fetchFromNpm('opentelemetry', telemetryVersions);
    python = await fetchFromPyPi('mcp-python', pythonVersions);
  } catch (error) {
    if (!(error instanceof NotFetched) || process.env['CI'] !== undefined) throw error;
    return { ok: true, line: `skipped: ${error.message}` };
  }
  const stage = await openStage(parts.idp === 'keycloak' ? parts.keycloakUrl : undefined, say);
  const checks = keepChecks(say);
  const needless = new Set(exempted.keys());
  let scenarios = 0;
  try {
    const judge = (where: string, outcomes: readonly Outcome[], least: number): void => {
      checks.that(`${where} ran its scenarios`, outcomes.length >= least, outcomes.length);
      scenarios += outcomes.length;
      for (const { scenario, passed, failed } of outcomes) {
        for (let i = 0; i < passed; i++) checks.that(`${where} ${scenario}`, true);
        for (const words of failed) {
          const key = `${scenario} ${words.slice(0, words.indexOf(':'))}`;
          if (exempted.has(key)) needless.delete(key);
          else checks.that(`${where} ${scenario}: ${words}`, false);
        }
      }
    };
    for (const { name, proxied } of stage.served) {
      for (const revision of ['2026-07-28', '2025-11-25']) {
        say(`the official suite, ${revision}, ${name}`);
        const outcomes = await runServerScenarios(fetched, proxied, revision);
        judge(`${name} ${revision}`, outcomes, revision === '2026-07-28' ? 45 : 30);
      }
    }
    checks.that('nothing is exempted that holds', needless.size === 0, [...needless]);
    const sent = stage.shown();
    const kinds = new Set(sent.map((header) => audiencesOf(header)));
    checks.that('the upstream saw tokens for itself only', sent.length > 0 && [...kinds].join() === 'fixture', [
      ...kinds,
    ]);

    say('the official scenarios for authorization servers');
    const { issuer } = stage;
    let judged: readonly Outcome[] = [];
    for (const port of stage.callbackPorts) {
      judged = await runAuthorizationScenarios(fetched, { issuer, clientId: 'agent', user: 'john', port });
      if (!JSON.stringify(judged).includes('EADDRINUSE')) break;
    }
    judge('authorization', judged, 2);
    say('real clients');
    const [{ keyturn }] = stage.served;
    await tryClients(checks, { url: `${keyturn}/mcp`, token: await stage.tokenOf('john'), python, fetched });
    say('upstream faults');
    await tryFaults(checks, stage, say);
    say('a document of the largest size');
    await tryLargeDocument(checks, stage, say);
    say('OpenTelemetry');
    await tryTelemetry(checks, stage, telemetry);
    say('three replicas on PostgreSQL');
    await tryReplicas(checks, stage, say);
  } finally {
    await stage.close();
  }
  say(
    `\nnot applicable:\n${exemptions.map(({ reason, checks: of }) => `  ${Object.keys(of).join(', ')}: ${reason}`).join('\n')}`,
  );
  const failed = checks.failed();
  return {
    ok: failed.length === 0,
    line: `tools, ${parts.idp}: ${checks.passed()} checks passed, ${failed.length} failed, ${scenarios} official scenarios, ${exempted.size} checks not applicable`,
  };
}

const exempted = new Map<string, string>(
  exemptions.flatMap(({ reason, checks }) =>
    Object.entries(checks).flatMap(([scenario, ids]) => ids.map((id) => [`${scenario} ${id}`, reason] as const)),
  ),
);

/** Who a token is for, as it says itself; the fixture does not check, the suite does. */
function audiencesOf(header: string): string {
  const [, payload = ''] = header.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString() || '{}') as { aud?: string | string[] };
  return [claims.aud ?? []].flat().join(' ');
}
