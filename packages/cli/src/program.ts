import { Command, InvalidArgumentError, Option } from 'commander';
import type { Io } from './io.ts';
import { version } from './version.ts';

/** The command line: what commands exist, their flags and help. What each does is loaded when it is called. */
export function buildProgram(io: Io, startedAt: number): Command {
  const program = new Command('keyturn')
    .description('The identity layer between an identity provider and the services, people and agents that use it.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .showHelpAfterError('(keyturn --help shows what there is)');

  program
    .command('dev')
    .description('start everything in one process: embedded identity provider, example upstream, Keyturn')
    .addOption(portOption('--port <port>', 'Keyturn', 8040, 'KEYTURN_HTTP__PORT'))
    .addOption(portOption('--management-port <port>', 'Keyturn’s health and metrics', 9000, 'KEYTURN_MANAGEMENT__PORT'))
    .addOption(portOption('--idp-port <port>', 'the embedded identity provider', 8041))
    .addOption(portOption('--idp-management-port <port>', 'the identity provider’s health and metrics', 9001))
    .addOption(portOption('--pizzeria-port <port>', 'the example upstream', 8000))
    .option('--data <folder>', 'where data and keys are kept, across restarts', '.keyturn')
    .option('--keycloak <url>', 'a running Keycloak that has the demo realm, instead of the embedded identity provider')
    .addHelpText('after', '\nExamples:\n  keyturn dev\n  keyturn dev --port 8140 --data /tmp/keyturn\n  keyturn dev --keycloak http://localhost:8080')
    .action(async (options: DevFlags) => {
      const { runDev } = await import('./dev/dev.ts');
      await runDev(io, { ...options, keycloak: options.keycloak, startedAt });
    });

  const serve = program
    .command('serve')
    .description('start Keyturn alone, against the identity provider that the settings name')
    .option('--config <file>', 'settings file (default: keyturn.yaml, if there is one)')
    .option('--set <path=value>', 'set any setting, for example --set http.port=8140 (repeatable)', collectSetting, {})
    .addHelpText('after', '\nEvery setting has an environment name: http.port is KEYTURN_HTTP__PORT, and KEYTURN_…_FILE reads a mounted secret.');
  addSeedFlags(serve).action(async (options: ServeFlags) => {
    const { runServe } = await import('./serve.ts');
    await runServe(io, { configPath: options.config, flags: flagsOf(options) });
  });

  program
    .command('idp')
    .description('start the embedded identity provider alone: for development, tests and evaluation')
    .addOption(portOption('--port <port>', 'the identity provider', 8041))
    .addOption(portOption('--management-port <port>', 'health and metrics', 9001))
    .option('--import <file>', 'a realm file, <realm>-realm.json; skipped if the realm exists (repeatable)', collect, [])
    .option('--data <file>', 'database file, or :memory:', '.keyturn/idp.db')
    .action(async (options: IdpFlags) => {
      const { runIdp } = await import('./idp.ts');
      await runIdp(io, options);
    });

  const config = program.command('config').description('look at the settings');
  const print = config
    .command('print')
    .description('print the settings as they are in force, secrets masked')
    .option('--config <file>', 'settings file (default: keyturn.yaml, if there is one)')
    .option('--set <path=value>', 'as for serve', collectSetting, {})
    .option('--show-origin', 'say where each value comes from')
    .option('--json', 'as JSON');
  addSeedFlags(print).action(async (options: PrintFlags) => {
    const { runConfigPrint } = await import('./config-print.ts');
    await runConfigPrint(io, {
      configPath: options.config,
      flags: flagsOf(options),
      showOrigin: options.showOrigin === true,
      json: options.json === true,
    });
  });

  return program;
}

interface DevFlags {
  readonly port: number;
  readonly managementPort: number;
  readonly idpPort: number;
  readonly idpManagementPort: number;
  readonly pizzeriaPort: number;
  readonly data: string;
  readonly keycloak?: string;
}

interface SettingFlags {
  readonly config?: string;
  readonly set: Readonly<Record<string, string>>;
  readonly oidcIssuerUrl?: string;
  readonly oidcAudience?: string;
  readonly oidcIdentityClaim?: string;
}

interface ServeFlags extends SettingFlags {}

interface PrintFlags extends SettingFlags {
  readonly showOrigin?: boolean;
  readonly json?: boolean;
}

interface IdpFlags {
  readonly port: number;
  readonly managementPort: number;
  readonly import: readonly string[];
  readonly data: string;
}

/** Flags by the names of seed 001. */
function addSeedFlags(command: Command): Command {
  return command
    .option('--oidc-issuer-url <url>', 'the issuer; its keys are found by discovery')
    .option('--oidc-audience <audience>', 'what callers’ tokens must have in aud')
    .option('--oidc-identity-claim <claim>', 'the claim that names the caller');
}

/** Flags as settings: `--set` by path, the seed's by their alias. */
function flagsOf(options: SettingFlags): Record<string, string> {
  const { oidcIssuerUrl, oidcAudience, oidcIdentityClaim } = options;
  return {
    ...options.set,
    ...(oidcIssuerUrl === undefined ? {} : { 'oidc-issuer-url': oidcIssuerUrl, 'auth.discovery': 'true' }),
    ...(oidcAudience === undefined ? {} : { 'oidc-audience': oidcAudience }),
    ...(oidcIdentityClaim === undefined ? {} : { 'oidc-identity-claim': oidcIdentityClaim }),
  };
}

function portOption(flags: string, what: string, fallback: number, env?: string): Option {
  const option = new Option(flags, `port of ${what}`).default(fallback).argParser(parsePort);
  return env === undefined ? option : option.env(env);
}

function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new InvalidArgumentError('a port is a number from 0 to 65535');
  return Number(text);
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function collectSetting(text: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('the form is path=value, for example http.port=8140');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
