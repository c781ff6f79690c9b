// npm run conformance -- keycloak [--idp embedded|keycloak]
//
// Records the 704 cases that can be replayed over HTTP, with the scripts that recorded a real Keycloak 26.7.3, and
// compares. Then programs that people use with Keycloak are pointed at it,
// unmodified. Any difference that known-differences.json does not list fails the suite; so does a listed one that is gone.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProcess } from '../parts/process.ts';
import { type ClientRun, runClients } from './clients/run.ts';
import { type Comparison, compareRecordings, type RecordedCase, readRecording } from './compare.ts';
import { withTable } from './differences-page.ts';
import { openEmbedded, openEmbeddedBehindProxy, type Subject } from './embedded.ts';
import { judge, readKnownDifferences } from './known-differences.ts';

const recorded = join(import.meta.dirname, 'recorded');
const publicUrl = 'https://id.example.com/auth';

/** Runs the suite. Against a given Keycloak only the main cases run: the others need a server started in another way. */
export async function run(parts: { readonly idp: 'embedded' | 'keycloak'; readonly keycloakUrl?: string }): Promise<{
  readonly line: string;
  readonly ok: boolean;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-conformance-'));
  try {
    const comparisons =
      parts.idp === 'embedded' ? await compareEmbedded(folder) : await compareKeycloak(folder, parts.keycloakUrl ?? '');
    // The table says how the embedded IdP differs; a real Keycloak has no excuse but its management port, which is not asked.
    const table = parts.idp === 'embedded' ? readKnownDifferences() : [];
    const clients = await runClientsOf(parts);
    for (const { name, outcome, words } of clients) console.log(`${outcome} ${name}: ${words}`);
    const passed = clients.filter((it) => it.outcome === 'passed').length;
    // A client that is missing on a user's machine is told; in CI it is a failure.
    const unhappy = clients.filter(
      (it) => it.outcome === 'failed' || (it.outcome === 'skipped' && process.env['CI'] !== undefined),
    );
    const { equal, known, unlisted, stale } = judge(comparisons, table);
    for (const { id, lines } of unlisted) report(id, lines);
    for (const id of stale) console.log(`STALE ${id}: listed in known-differences.json, but equal`);
    const outdated = isPageOutdated();
    if (outdated)
      console.log('docs/idp-differences.md: node conformance/keycloak/differences-page.ts brings its table up to date');
    const line = `keycloak (${parts.idp}): ${equal.length} of ${comparisons.length} cases equal to Keycloak 26.7.3, ${known.length} differ as listed, ${unlisted.length} differ unlisted, ${stale.length} listed but equal; ${passed} of ${clients.length} unmodified clients passed`;
    return { line, ok: unlisted.length === 0 && stale.length === 0 && !outdated && unhappy.length === 0 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isPageOutdated(): boolean {
  const page = readFileSync(join(import.meta.dirname, '../../docs/idp-differences.md'), 'utf8');
  return page !== withTable(page, readKnownDifferences());
}

function report(id: string, lines: readonly string[] | undefined): void {
  console.log(lines === undefined ? `MISSING ${id}` : `DIFFERS ${id}`);
  for (const line of lines ?? []) console.log(`   ${line}`);
}

async function compareEmbedded(folder: string): Promise<readonly Comparison[]> {
  const main = await withSubject(await openEmbedded(), (subject) =>
    capture('capture.mjs', subject, join(folder, 'main.json'), sectionArguments()),
  );
  const compared = compareRecordings(wantedCases('golden-main.json'), main);
  if (process.env['SECTIONS'] !== undefined) return compared;
  const hostname = await withSubject(await openEmbeddedBehindProxy(publicUrl), (subject) =>
    capture('capture-hostname.mjs', subject, join(folder, 'hostname.json'), ['--public', publicUrl]),
  );
  return [...compared, ...compareRecordings(readRecording(join(recorded, 'golden-hostname.json')), hostname)];
}

// Work on one section of the capture does not wait for them.
async function runClientsOf(parts: Parameters<typeof run>[0]): Promise<readonly ClientRun[]> {
  if (process.env['SECTIONS'] !== undefined) return [];
  if (parts.idp === 'keycloak') return await runClients(parts.keycloakUrl ?? '');
  return await withSubject(await openEmbedded(), async ({ base }) => await runClients(base));
}

async function compareKeycloak(folder: string, url: string): Promise<readonly Comparison[]> {
  const subject: Subject = { base: url, management: undefined, close: async () => {} };
  const main = await capture('capture.mjs', subject, join(folder, 'main.json'), sectionArguments());
  const wanted = wantedCases('golden-main.json').filter((it) => !it.id.startsWith('server.mgmt'));
  return compareRecordings(wanted, main);
}

// SECTIONS=aip,exchange runs a part of the capture, for work on that part.
function sectionArguments(): readonly string[] {
  const sections = process.env['SECTIONS'];
  return sections === undefined ? [] : ['--sections', sections];
}

const sectionOfPrefix: Readonly<Record<string, string>> = { xchg: 'exchange', adm: 'admin' };

function wantedCases(file: string): readonly RecordedCase[] {
  const all = readRecording(join(recorded, file));
  const sections = process.env['SECTIONS']?.split(',');
  if (sections === undefined) return all;
  return all.filter(({ id }) => {
    const prefix = id.split('.')[0] ?? '';
    return sections.includes(sectionOfPrefix[prefix] ?? prefix);
  });
}

async function withSubject<T>(subject: Subject, use: (subject: Subject) => Promise<T>): Promise<T> {
  try {
    return await use(subject);
  } finally {
    await subject.close();
  }
}

async function capture(
  script: string,
  subject: Subject,
  out: string,
  more: readonly string[],
): Promise<readonly RecordedCase[]> {
  const management = subject.management === undefined ? [] : ['--mgmt', subject.management];
  const running = startProcess(process.execPath, [
    join(recorded, script),
    '--base',
    subject.base,
    ...management,
    '--out',
    out,
    ...more,
  ]);
  await running.ended;
  // A section that broke off leaves its cases out; they are reported as missing, with what the script said.
  if (/broke off|Error/.test(running.output())) console.error(running.output());
  return readRecording(out);
}

if (import.meta.main) {
  const { line, ok } = await run({ idp: 'embedded' });
  console.log(line);
  process.exitCode = ok ? 0 : 1;
}
