import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { openPizzeria } from '@keyturn/example-pizzeria';
import { createIdp, type Idp } from '@keyturn/idp';
import { parseRealmFile } from '@keyturn/realm/parse';
import { createLog, systemClock, systemRandom } from '@keyturn/server';
import { CommandFailure, type Io } from '../io.ts';
import { listenOrSay } from '../ports.ts';
import { readSettings } from '../settings.ts';
import { buildService } from '../start-server.ts';
import { buildBanner } from './banner.ts';

export interface DevOptions {
  readonly port: number;
  readonly managementPort: number;
  readonly idpPort: number;
  readonly idpManagementPort: number;
  readonly pizzeriaPort: number;
  readonly grpcPort: number;
  readonly data: string;
  /** A running Keycloak that has the demo realm, instead of the embedded identity provider. */
  readonly keycloak: string | undefined;
  /** When the process started, for the time in the banner. */
  readonly startedAt: number;
}

const realmName = 'tools-provider';
const command = 'npm start --';

/**
 * Everything a newcomer needs in one process: the embedded identity provider with a demo realm, an upstream, Keyturn.
 * This is the only place where the server and the embedded identity provider meet.
 */
export async function runDev(io: Io, options: DevOptions): Promise<void> {
  const dataFolder = resolve(io.cwd, options.data);
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  const url = `http://localhost:${options.port}`;
  const mcpUrl = `${url}/mcp`;

  const opened: { close(): Promise<void> }[] = [];
  const closeAll = async (): Promise<void> => {
    for (const part of opened.reverse()) await part.close();
  };
  try {
    const issuerBase = options.keycloak?.replace(/\/+$/, '') ?? `http://localhost:${options.idpPort}`;
    const issuer = `${issuerBase}/realms/${realmName}`;
    if (options.keycloak === undefined) {
      const idp = await openIdp(io, dataFolder);
      opened.push(idp);
      await startIdp(idp, { io, options, dataFolder, mcpUrl });
    }
    const certs = `${issuer}/protocol/openid-connect/certs`;
    const pizzeria = await listenOrSay(
      command,
      [{ what: 'the pizzeria (the example upstream)', port: options.pizzeriaPort, flag: '--pizzeria-port' }],
      () =>
        openPizzeria({
          issuer,
          jwksUrl: certs,
          audience: 'pizzeria-backend',
          clock: systemClock,
          port: options.pizzeriaPort,
        }),
    );
    opened.push(pizzeria);

    const { settings } = await readSettings(io, {
      configPath: undefined,
      flags: {},
      builtIn: {
        path: 'keyturn dev',
        text: demoSettings({
          ...options,
          issuer,
          dataFolder,
          pizzeria: pizzeria.url,
          sealKey: await keepSealKey(dataFolder),
        }),
      },
    });
    const service = await buildService(settings, io);
    opened.push(service);
    const listening = await listenOrSay(
      command,
      [
        { what: 'Keyturn', port: options.port, flag: '--port' },
        { what: 'Keyturn’s health and metrics', port: options.managementPort, flag: '--management-port' },
      ],
      service.listen,
    );

    io.print(
      buildBanner({
        url,
        managementUrl: listening.managementUrl.replace('127.0.0.1', 'localhost'),
        mcpUrl,
        issuer,
        idp: options.keycloak === undefined ? 'embedded' : 'keycloak',
        idpManagementUrl: options.keycloak === undefined ? `http://localhost:${options.idpManagementPort}` : undefined,
        adminUrl: options.keycloak === undefined ? `${issuerBase}/admin/realms/${realmName}` : undefined,
        pizzeriaUrl: pizzeria.url,
        dataFolder: showFolder(io.cwd, dataFolder),
        milliseconds: Math.round(performance.now() - options.startedAt),
      }),
    );
    await io.stopped;
  } finally {
    await closeAll();
  }
}

function openIdp(io: Io, dataFolder: string): Promise<Idp> {
  return createIdp({
    dataUrl: `sqlite:${join(dataFolder, 'idp.db')}`,
    clock: systemClock,
    random: systemRandom,
    env: { KC_BOOTSTRAP_ADMIN_USERNAME: 'admin', KC_BOOTSTRAP_ADMIN_PASSWORD: 'admin', ...io.env },
    log: createLog({ level: 'warn' }),
  });
}

/** Brings the demo realm and listens. */
async function startIdp(
  idp: Idp,
  { io, options, dataFolder, mcpUrl }: { io: Io; options: DevOptions; dataFolder: string; mcpUrl: string },
): Promise<void> {
  const path = `${realmName}-realm.json`;
  const text = await readFile(new URL(path, import.meta.url), 'utf8');
  const parsed = parseRealmFile(text, {
    path,
    env: { ...io.env, KEYTURN_MCP_RESOURCE: mcpUrl, KEYTURN_PUBLIC_URL: new URL(mcpUrl).origin },
    readFile: () => undefined, // the demo realm names no files
  });
  if (!parsed.ok) {
    throw new CommandFailure(parsed.refusal.map((fault) => `${path}: ${fault.message}`).join('\n'));
  }
  // The demo's MCP audience is Keyturn's own URL: on another port the realm of yesterday would name the wrong one.
  const marker = join(dataFolder, 'dev-mcp-url');
  const before = await readFile(marker, 'utf8').catch(() => mcpUrl);
  await idp.importRealm(parsed.value, { ifExists: before === mcpUrl ? 'skip' : 'replace' });
  await writeFile(marker, mcpUrl, { mode: 0o600 });
  await listenOrSay(
    command,
    [{ what: 'the embedded identity provider', port: options.idpPort, flag: '--idp-port' }],
    () => idp.listen({ port: options.idpPort }),
  );
  await listenOrSay(
    command,
    [
      {
        what: 'the identity provider’s health and metrics',
        port: options.idpManagementPort,
        flag: '--idp-management-port',
      },
    ],
    () => idp.listenManagement({ port: options.idpManagementPort }),
  );
}

/** Below the working folder as the user typed it, elsewhere as the whole path. */
function showFolder(cwd: string, folder: string): string {
  const below = relative(cwd, folder);
  return below.startsWith('..') ? folder : `./${below}`;
}

interface DemoFacts extends DevOptions {
  readonly issuer: string;
  readonly dataFolder: string;
  readonly pizzeria: string;
  readonly sealKey: string;
}

/** The settings of the demo, as a file would hold them; environment and flags still win. JSON is YAML. */
function demoSettings(facts: DemoFacts): string {
  return JSON.stringify({
    http: { port: facts.port },
    management: { port: facts.managementPort },
    store: { url: `sqlite:${join(facts.dataFolder, 'keyturn.db')}` },
    auth: {
      issuer: facts.issuer,
      jwksUrl: `${facts.issuer}/protocol/openid-connect/certs`,
      audiences: ['tools-provider-token-exchange'],
    },
    exchange: { clientId: 'tools-provider-token-exchange', clientSecret: 'demo-exchange-secret' },
    tools: { allowedHosts: [new URL(facts.pizzeria).host] },
    login: { clientId: 'keyturn-login', clientSecret: 'demo-login-secret', cliClientId: 'keyturn-cli' },
    pat: {
      sealKey: facts.sealKey,
      token_issuer_kwargs: { client_id: 'keyturn-pat-issuer', client_secret: 'demo-pat-issuer-secret' },
      readerClientId: 'keyturn-reader',
      readerClientSecret: 'demo-reader-secret',
    },
    rbac: {
      groupToRole: { '/editors': 'Editor', '/viewers': 'Viewer' },
      model: {
        roles: {
          Viewer: { tier: 1, permissions: ['content.view'] },
          Editor: { tier: 4, staff: true, inherits: ['Viewer'], permissions: ['content.create', 'content.update'] },
        },
      },
    },
    edge: { grpcPort: facts.grpcPort },
    requests: {
      agentSubjects: ['aip-agent-1'],
      reviewerSubjects: ['aip-reviewer-1'],
      reviewerRoles: ['keyturn-admin'],
    },
    policies: { default: 'allow' },
    log: { level: 'warn' },
  });
}

/** The key that seals offline grants, made at the first start and kept beside the data; production brings its own. */
async function keepSealKey(dataFolder: string): Promise<string> {
  const path = join(dataFolder, 'seal.key');
  const made = Buffer.from(systemRandom(32)).toString('base64');
  // `wx` fails if the file is there: a key is never replaced.
  await writeFile(path, `${made}\n`, { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return (await readFile(path, 'utf8')).trim();
}
