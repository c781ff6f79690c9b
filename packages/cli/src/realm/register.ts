import { type Command, Option } from 'commander';
import type { Io } from '../io.ts';
import type { ConnectFlags } from './connect.ts';
import type { DoctorFlags, ExchangeFlags } from './doctor.ts';
import type { FileFlags, PlanFlags, RotateFlags } from './flags.ts';

/** Mounts `keyturn realm …`. What each does is loaded when it is called. */
export function registerRealmCommands(program: Command, io: Io): void {
  const realm = program.command('realm').description('Keycloak as code: plan, apply and watch a realm file');
  registerPlanAndApply(realm, io);
  registerFiles(realm, io);
  registerRotate(realm, io);
}

function registerPlanAndApply(realm: Command, io: Io): void {
  const planning = (command: Command) =>
    withConnection(withFile(command))
      .option('--prune', 'remove what Keyturn owns and the file no longer declares', false)
      .option('--rotate <client>', 'write this client’s secret from the file (repeatable)', collect, [])
      .option('--target <object>', 'only this object and what it needs: "client web" (repeatable)', collect, []);

  planning(realm.command('plan'))
    .description('show what would change, and change nothing')
    .option('--out <file>', 'write the plan, for apply')
    .option('--detailed-exitcode', '0: nothing to change, 1: error, 2: something to change')
    .addHelpText(
      'after',
      '\nExamples:\n  keyturn realm plan -f realm.yaml --user admin --password env:ADMIN_PASSWORD\n  keyturn realm plan --url https://id.example.com/auth --admin-client provisioner --admin-secret @/run/secrets/provisioner --out plan.json',
    )
    .action(async (flags: PlanFlags) => (await import('./plan.ts')).runPlan(io, flags));

  planning(realm.command('apply [plan]'))
    .description('carry out a stored plan, or plan the file and carry that out')
    .addHelpText(
      'after',
      '\nA run that was stopped is finished by the next one. Secrets come from the file, never from the plan.\n\nExamples:\n  keyturn realm apply -f realm.yaml --user admin --password -\n  keyturn realm apply plan.json -f realm.yaml --admin-token @token.txt',
    )
    .action(async (plan: string | undefined, flags: PlanFlags) =>
      (await import('./apply.ts')).runApply(io, plan, flags),
    );

  withConnection(withFile(realm.command('drift')))
    .description('compare the file with the realm, for a timer: 0 as declared, 1 error, 2 drifted')
    .option('--metric <file>', 'write the result for Prometheus’ textfile collector')
    .addHelpText(
      'after',
      '\nExample:\n  keyturn realm drift -f realm.yaml --admin-client watcher --admin-secret env:WATCHER --metric /var/lib/node_exporter/keyturn.prom',
    )
    .action(async (flags: FileFlags & ConnectFlags & { metric?: string }) =>
      (await import('./drift.ts')).runDrift(io, flags),
    );

  withConnection(realm.command('export <realm>'))
    .description('write a live realm as a minimal template, secrets masked')
    .option('--out <file>', 'default: standard output')
    .addOption(new Option('--format <format>', 'of the template').choices(['yaml', 'json']).default('yaml'))
    .option('--json', 'the same as --format json')
    .addHelpText(
      'after',
      '\nExample:\n  keyturn realm export aip --user admin --password env:ADMIN_PASSWORD --out aip.yaml',
    )
    .action(async (name: string, flags: ConnectFlags & { out?: string; format: string; json?: boolean }) =>
      (await import('./export.ts')).runExport(io, name, flags),
    );

  withConnection(realm.command('import <file>'))
    .description('bring a plain Keycloak realm JSON into a server, or turn it into a template')
    .option('--out <file>', 'write the minimal template instead of changing a server')
    .option('--json', 'answers for programs')
    .addHelpText(
      'after',
      '\nUnlike --import-realm it also updates a realm that exists, and deletes nothing.\n\nExamples:\n  keyturn realm import myrealm-realm.json --user admin --password env:ADMIN_PASSWORD\n  keyturn realm import exported.json --out realm.yaml',
    )
    .action(async (file: string, flags: ConnectFlags & { out?: string; json?: boolean }) =>
      (await import('./import.ts')).runImport(io, file, flags),
    );
}

function registerFiles(realm: Command, io: Io): void {
  withFile(realm.command('explain [recipe]'))
    .description('print what recipes become, and which step of the guide each object replaces')
    .addHelpText('after', '\nExamples:\n  keyturn realm explain -f realm.yaml\n  keyturn realm explain pat-issuer')
    .action(async (recipe: string | undefined, flags: FileFlags) =>
      (await import('./explain.ts')).runExplain(io, recipe, flags),
    );

  realm
    .command('lint [files...]')
    .description('check realm templates against the rules: name, minimal, no hashed credentials, placeholders')
    .option('--json', 'answers for programs')
    .addHelpText(
      'after',
      '\n0: no faults, 1: warnings, 2: errors.\n\nExample:\n  keyturn realm lint import/myrealm-realm.json',
    )
    .action(async (files: readonly string[], flags: { json?: boolean }) =>
      (await import('./lint.ts')).runLint(io, files, flags),
    );
}

function registerRotate(realm: Command, io: Io): void {
  withConnection(realm.command('rotate-secret <client>'))
    .description('give a client a new secret, try it, and write it where the service reads it')
    .requiredOption('--realm <name>', 'the client’s realm')
    .option('--to-file <file>', 'write it as the whole file, readable by its owner only')
    .option('--to-env-file <file>', 'set a variable in an environment file')
    .option('--name <variable>', 'the variable', 'CLIENT_SECRET')
    .option('--to-kubernetes <namespace/name/key>', 'write a Kubernetes Secret with kubectl')
    .option('--drop-old', 'end the overlap at once, where Keycloak keeps the old secret for one', false)
    .option('--json', 'answers for programs')
    .addHelpText(
      'after',
      '\nIf the new secret is not accepted or cannot be written, the old one is put back.\n\nExamples:\n  keyturn realm rotate-secret tools-provider-token-exchange --realm tools-provider --to-env-file .env --name TOKEN_EXCHANGE_CLIENT_SECRET --user admin --password env:ADMIN_PASSWORD\n  keyturn realm rotate-secret volundr-pat-issuer --realm volundr --to-kubernetes volundr/volundr-pat-issuer/client-secret --admin-token @token.txt',
    )
    .action(async (client: string, flags: RotateFlags) =>
      (await import('./rotate-secret.ts')).runRotateSecret(io, client, flags),
    );
}

/** Mounts `keyturn doctor` and `keyturn doctor exchange`. */
export function registerDoctorCommand(program: Command, io: Io): void {
  const doctor = withDoctor(program.command('doctor'))
    .description('look at a live system and say what is wrong, why it matters and what mends it')
    .option('--inside-url <url>', 'where services reach Keycloak, if elsewhere')
    .option('--jwks-url <url>', 'the key address that services use')
    .option('--management-url <url>', 'Keycloak’s management interface: http://localhost:9000')
    .option('--keyturn-url <url>', 'Keyturn, to look at its sources (with --token)')
    .option('--keyturn-management-url <url>', 'Keyturn’s management interface, to look at its breaker')
    .option('--token <secret>', 'a token to look at: -, @file or env:NAME; never echoed')
    .option('--audience <audience>', 'what services expect in aud')
    .option('--identity-claim <claim>', 'the claim that names the caller', 'azp')
    .option('--subjects <list>', 'identities that the gateway allows, by commas')
    .option('--client-id <client>', 'a client whose secret is to be tried')
    .option('--client-secret <secret>', 'the secret that the service has: -, @file or env:NAME')
    .option('-f, --file <file>', 'the realm file that should be in force')
    .option('--server-env <file>', 'Keycloak’s environment (KC_… lines)')
    .option('--gateway-settings <file>', 'a gateway’s or service’s settings as deployed (NAME=value lines)')
    .option('--only <check>', 'only this check (repeatable)', collect, [])
    .option('--all', 'show skipped checks too', false)
    .addHelpText(
      'after',
      '\n0: nothing wrong, 1: warnings, 2: errors.\n\nExamples:\n  keyturn doctor --url http://localhost:8041 --realm aip\n  keyturn doctor --realm aip --user admin --password env:ADMIN_PASSWORD -f realm.yaml\n  keyturn doctor --realm aip --token @token.txt --audience aip-gateway --subjects aip-agent-1',
    )
    .action(async (flags: DoctorFlags) => (await import('./doctor.ts')).runDoctorCommand(io, flags));

  withDoctor(doctor.command('exchange'))
    .description('walk the conditions of a token exchange and name the first that fails')
    .option('--token <secret>', 'the subject token: -, @file or env:NAME; never echoed')
    .option('--audience <client>', 'the upstream service’s client')
    .option('--requester <client>', 'the exchanging client; default: the one with the switch that the token names')
    .addHelpText(
      'after',
      '\nExample:\n  keyturn doctor exchange --realm tools-provider --token @agent.jwt --audience pizzeria-backend --user admin --password env:ADMIN_PASSWORD',
    )
    // Options that both commands have are given to the outer one by commander, so all are read together.
    .action(async (_own: unknown, command: Command) =>
      (await import('./doctor.ts')).runDoctorExchange(io, command.optsWithGlobals<ExchangeFlags>()),
    );
}

function withDoctor(command: Command): Command {
  return withConnection(command)
    .option('--realm <name>', 'the realm; default: KEYCLOAK_REALM')
    .option('--issuer <url>', 'the issuer that services are configured with; default: the realm’s URL')
    .option('--json', 'answers for programs');
}

function withFile(command: Command): Command {
  return command
    .option('-f, --file <file>', 'the realm file: YAML or JSON', 'realm.yaml')
    .option('--json', 'answers for programs');
}

function withConnection(command: Command): Command {
  return command
    .option(
      '--url <url>',
      'where Keycloak is, with its relative path; default: KEYCLOAK_URL, else http://localhost:8041',
    )
    .option('--user <name>', 'log in as this administrator; default: KC_BOOTSTRAP_ADMIN_USERNAME')
    .option('--password <secret>', 'its password: -, @file or env:NAME; default: env:KC_BOOTSTRAP_ADMIN_PASSWORD')
    .option('--admin-client <client>', 'log in as this client instead')
    .option('--admin-secret <secret>', 'its secret: -, @file or env:NAME')
    .option('--admin-token <secret>', 'use this token instead: -, @file or env:NAME')
    .option('--admin-realm <realm>', 'the administrator’s realm', 'master');
}

function collect(value: string, all: readonly string[]): readonly string[] {
  return [...all, value];
}
