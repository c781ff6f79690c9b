import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { registerAuditCommands } from './audit/register.ts';
import { registerAuthCommands } from './auth/register.ts';
import { registerBreakGlassCommands } from './break-glass/register.ts';
import { CommandFailure, type Io } from './io.ts';
import type { DevOptions } from './dev/dev.ts';
import { registerExchangeCommands } from './exchange/register.ts';
import { registerRequestCommands } from './requests/register.ts';
import { registerPolicyCommands } from './policy/register.ts';
import { registerDoctorCommand, registerRealmCommands } from './realm/register.ts';
import { registerRbacCommands } from './rbac/register.ts';
import { registerTokenCommands } from './token/register.ts';
import { registerToolCommands } from './tools/register.ts';
import { version } from './version.ts';

/** The command line: what commands exist, their flags and help. What each does is loaded when it is called. */
export function buildProgram(io: Io, startedAt: number): Command {
  const program = new Command('keyturn')
    .description('The identity layer between an identity provider and the services, people and agents that use it.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .showHelpAfterError('(keyturn --help shows what there is)')
    // Before there are commands, which inherit it. What could not be understood has been said; help ends with 0.
    .exitOverride(({ exitCode }) => {
      if (exitCode !== 0) throw new CommandFailure('', 2);
    });

  program
    .command('dev')
    .description('start everything in one process: embedded identity provider, example upstream, Keyturn')
    .addOption(portOption('--port <port>', 'Keyturn', 8040, 'KEYTURN_HTTP__PORT'))
    .addOption(portOption('--management-port <port>', 'Keyturn’s health and metrics', 9000, 'KEYTURN_MANAGEMENT__PORT'))
    .addOption(portOption('--idp-port <port>', 'the embedded identity provider', 8041))
    .addOption(portOption('--idp-management-port <port>', 'the identity provider’s health and metrics', 9001))
    .addOption(portOption('--pizzeria-port <port>', 'the example upstream', 8000))
    .addOption(portOption('--grpc-port <port>', 'the authorizer for Envoy (gRPC)', 9191))
    .option('--data <folder>', 'where data and keys are kept, across restarts', '.keyturn')
    .option('--keycloak <url>', 'a running Keycloak that has the demo realm, instead of the embedded identity provider')
    .addHelpText(
      'after',
      '\nExamples:\n  keyturn dev\n  keyturn dev --port 8140 --data /tmp/keyturn\n  keyturn dev --keycloak http://localhost:8080',
    )
    .action(async (options: DevFlags) => {
      const { runDev } = await import('./dev/dev.ts');
      await runDev(io, { ...options, keycloak: options.keycloak, startedAt });
    });

  const serve = program
    .command('serve')
    .description('start Keyturn alone, against the identity provider that the settings name')
    .option('--config <file>', 'settings file (default: keyturn.yaml, if there is one)')
    .action(async (options: SettingFlags, command: Command) => {
      const { runServe } = await import('./serve.ts');
      await runServe(io, { configPath: options.config, flags: readSettingFlags(command.args) });
    });
  takeSettingFlags(serve);

  program
    .command('idp')
    .description('start the embedded identity provider alone: for development, tests and evaluation')
    .argument('[options...]', 'as `keyturn idp --help` lists them; those of Keycloak’s start-dev among them')
    // Its options are those of @keyturn/idp, which reads them itself.
    .helpOption(false)
    .allowUnknownOption()
    .action(async (options: readonly string[]) => {
      const { runIdp } = await import('./idp.ts');
      await runIdp(io, options);
    });

  const config = program.command('config').description('look at the settings');
  const print = config
    .command('print')
    .description('print the settings as they are in force, secrets masked')
    .option('--config <file>', 'settings file (default: keyturn.yaml, if there is one)')
    .option('--show-origin', 'say where each value comes from')
    .option('--json', 'as JSON')
    .action(async (options: PrintFlags, command: Command) => {
      const { runConfigPrint } = await import('./config-print.ts');
      await runConfigPrint(io, {
        configPath: options.config,
        flags: readSettingFlags(command.args),
        showOrigin: options.showOrigin === true,
        json: options.json === true,
      });
    });
  takeSettingFlags(print);
  config
    .command('reference')
    .description('print the page of all settings, as Markdown')
    .action(async () => {
      const { buildSettingsReference } = await import('./config-reference.ts');
      io.print(buildSettingsReference().trimEnd());
    });
  config
    .command('errors')
    .description('print the page of all error codes, as Markdown')
    .action(async () => {
      const { buildErrorsPage } = await import('@keyturn/server');
      io.print(buildErrorsPage().trimEnd());
    });

  registerRealmCommands(program, io);
  registerDoctorCommand(program, io);
  registerAuthCommands(program, io);
  registerTokenCommands(program, io);
  registerRequestCommands(program, io);
  registerExchangeCommands(program, io);
  registerToolCommands(program, io);
  registerRbacCommands(program, io);
  registerPolicyCommands(program, io);
  registerAuditCommands(program, io);
  registerBreakGlassCommands(program, io);

  program
    .command('completion')
    .description('print a completion script: source <(keyturn completion bash)')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const { buildCompletion } = await import('./completion.ts');
      io.print(buildCompletion(program, shell));
    });

  return program;
}

interface DevFlags extends Omit<DevOptions, 'keycloak' | 'startedAt'> {
  readonly keycloak?: string;
}

interface SettingFlags {
  readonly config?: string;
}

interface PrintFlags extends SettingFlags {
  readonly showOrigin?: boolean;
  readonly json?: boolean;
}

/** Every setting is a flag too (`--http.port 8140`); the loader knows them all and says what is near a mistyped one. */
function takeSettingFlags(command: Command): void {
  command
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText(
      'after',
      `
Settings:
  Each can be given as a flag, by environment, by a mounted file, or in the settings file; that is also their order.
  auth.jwksUrl, for example: --auth.jwks-url URL, KEYTURN_AUTH__JWKS_URL, KEYTURN_AUTH__JWKS_URL_FILE.
  --oidc-issuer-url, --oidc-audience and --oidc-identity-claim set auth.issuer, auth.audiences and auth.identityClaim,
  --agent-subjects and --reviewer-subjects the lists of the section requests.
  “keyturn config print --show-origin” shows what is in force and why.`,
    );
}

/** `--name value` and `--name=value` pairs. What is not a flag is a mistake. */
function readSettingFlags(args: readonly string[]): Record<string, string> {
  const flags: Record<string, string> = {};
  for (let i = 0; i < args.length; i++) {
    const [, name, , value] = /^--([A-Za-z][A-Za-z0-9.-]*)(=(.*))?$/s.exec(args[i] ?? '') ?? [];
    if (name === undefined)
      throw new CommandFailure(`what is ${JSON.stringify(args[i])}? Settings are given as --name value`, 2);
    const given = value ?? args[++i];
    if (given === undefined) throw new CommandFailure(`--${name} needs a value`, 2);
    flags[name] = given;
  }
  // Seed 001: an issuer given this way says itself where its keys are, and whoever uses these names runs its gateway,
  // which does not start without saying who is an agent and who a reviewer.
  const isGateway = Object.keys(flags).some((name) => /^(oidc-|gateway\.auth\.)/.test(name));
  const isNamed = flags['oidc-issuer-url'] ?? flags['gateway.auth.oidcIssuerURL'];
  return {
    ...(isNamed === undefined ? {} : { 'auth.discovery': 'true' }),
    ...(isGateway ? { requests: '{}' } : {}),
    ...flags,
  };
}

function portOption(flags: string, what: string, fallback: number, env?: string): Option {
  const option = new Option(flags, `port of ${what}`).default(fallback).argParser(parsePort);
  return env === undefined ? option : option.env(env);
}

function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError('a port is a number from 0 to 65535');
  return Number(text);
}
