import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logInInBrowser } from '../parts/browser.ts';
import { startProcess } from '../parts/process.ts';

/** One scenario of the official suite: how many of its checks held, and the words of those that did not. */
export interface Outcome {
  readonly scenario: string;
  readonly passed: number;
  readonly failed: readonly string[];
  readonly warned: readonly string[];
}

interface Check {
  readonly id: string;
  readonly status: string;
  readonly errorMessage?: string;
}

const patience = 240_000;

/** Runs every server scenario of a revision, extensions included, and reads what each check said. */
export async function runServerScenarios(folder: string, url: string, revision: string): Promise<readonly Outcome[]> {
  const results = await mkdtemp(join(tmpdir(), 'keyturn-mcp-conformance-'));
  try {
    const cli = join(folder, 'node_modules', '@modelcontextprotocol', 'conformance', 'dist', 'index.js');
    const running = startProcess(process.execPath, [
      cli,
      'server',
      '--url',
      url,
      '--requirements',
      revision,
      '-o',
      results,
    ]);
    const timer = setTimeout(() => running.child.kill('SIGKILL'), patience);
    await running.ended;
    clearTimeout(timer);
    return await readOutcomes(results);
  } finally {
    await rm(results, { recursive: true, force: true });
  }
}

/** The scenarios for authorization servers: a code flow is followed as a person's browser would. */
export async function runAuthorizationScenarios(
  folder: string,
  options: { readonly issuer: string; readonly clientId: string; readonly user: string; readonly port: number },
): Promise<readonly Outcome[]> {
  const { issuer, clientId, user, port } = options;
  const results = await mkdtemp(join(tmpdir(), 'keyturn-mcp-conformance-'));
  try {
    const cli = join(folder, 'node_modules', '@modelcontextprotocol', 'conformance', 'dist', 'index.js');
    const running = startProcess(process.execPath, [
      cli,
      ...['authorization', '--url', issuer, '--client-id', clientId, '--port', String(port), '-o', results],
    ]);
    let opened = false;
    const looking = setInterval(() => {
      const page = /https?:\/\/\S+response_type=code\S*/.exec(running.output())?.[0];
      if (page === undefined || opened) return;
      opened = true;
      logInInBrowser(page, { username: user, password: user }).catch(() => running.child.kill('SIGKILL'));
    }, 50);
    const timer = setTimeout(() => running.child.kill('SIGKILL'), patience);
    await running.ended;
    clearTimeout(timer);
    clearInterval(looking);
    return await readOutcomes(results);
  } finally {
    await rm(results, { recursive: true, force: true });
  }
}

/** A folder a scenario, named `<kind>-<scenario>-<time>`, with its checks in one file. */
async function readOutcomes(folder: string): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const name of await readdir(folder)) {
    const checks = JSON.parse(await readFile(join(folder, name, 'checks.json'), 'utf8')) as readonly Check[];
    const said = (status: string) =>
      checks.filter((check) => check.status === status).map(({ id, errorMessage }) => `${id}: ${errorMessage ?? ''}`);
    outcomes.push({
      scenario: name.replace(/^server-|^authorization-server-(?=auth)/, '').replace(/-\d{4}-\d\d-\d\dT.*$/, ''),
      passed: checks.filter(({ status }) => status === 'SUCCESS').length,
      failed: said('FAILURE'),
      warned: said('WARNING'),
    });
  }
  return outcomes.sort((one, other) => (one.scenario < other.scenario ? -1 : 1));
}
