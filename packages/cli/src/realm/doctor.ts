import { parseEnv } from 'node:util';
import {
  diagnoseExchange,
  type DoctorContext,
  exitCodeOf,
  type Finding,
  runDoctor,
  showFindings,
  checks,
} from '@keyturn/realm';
import { CommandFailure, type Io } from '../io.ts';
import { type ConnectFlags, withConnection } from './connect.ts';
import { readNamedFile, readRealmFile } from './realm-file.ts';
import { readSecretArgument } from './secret-argument.ts';

interface CommonFlags extends ConnectFlags {
  readonly realm?: string;
  readonly issuer?: string;
  readonly json?: boolean;
}

export interface DoctorFlags extends CommonFlags {
  readonly insideUrl?: string;
  readonly jwksUrl?: string;
  readonly managementUrl?: string;
  readonly keyturnUrl?: string;
  readonly keyturnManagementUrl?: string;
  readonly token?: string;
  readonly audience?: string;
  readonly identityClaim?: string;
  readonly subjects?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly file?: string;
  readonly serverEnv?: string;
  readonly gatewaySettings?: string;
  readonly only: readonly string[];
  readonly all: boolean;
}

export interface ExchangeFlags extends CommonFlags {
  readonly token?: string;
  readonly audience?: string;
  readonly requester?: string;
}

/** `keyturn doctor` */
export async function runDoctorCommand(io: Io, flags: DoctorFlags): Promise<void> {
  const unknown = flags.only.filter((id) => !checks.some((check) => check.id === id));
  if (unknown.length > 0)
    throw new CommandFailure(
      `There is no check ${unknown.join(', ')}; there are ${checks.map(({ id }) => id).join(', ')}.`,
    );
  const realmFile = flags.file === undefined ? undefined : readRealmFile(io, flags.file).representation;
  const realm = flags.realm ?? io.env['KEYCLOAK_REALM'] ?? realmFile?.realm;
  if (realm === undefined) throw new CommandFailure('Give --realm, or -f with the realm file.');
  const secret = (flag: string, value: string | undefined) =>
    value === undefined ? undefined : readSecretArgument(io, flag, value).trim();
  const lines = (path: string | undefined) =>
    path === undefined ? undefined : definedOf(parseEnv(readNamedFile(io, path.replace(/^@/, ''))));
  const { issuer, insideUrl, jwksUrl, managementUrl, keyturnUrl, keyturnManagementUrl } = flags;
  await withConnection(
    io,
    flags,
    async ({ url, fetch, admin }) => {
      const settings = {
        keycloakUrl: url,
        realm,
        issuer,
        insideUrl,
        jwksUrl,
        managementUrl,
        keyturnUrl,
        keyturnManagementUrl,
        realmFile,
        token: secret('--token', flags.token),
        audience: flags.audience,
        identityClaim: flags.identityClaim,
        subjects: flags.subjects?.split(',').map((subject) => subject.trim()),
        clientId: flags.clientId,
        clientSecret: secret('--client-secret', flags.clientSecret),
        serverEnv: lines(flags.serverEnv),
        gatewaySettings: lines(flags.gatewaySettings),
      };
      const only = flags.only.length > 0 ? flags.only : undefined;
      tell(io, flags, await runDoctor({ settings, fetch, clock: () => Date.now(), admin }, only), flags.all);
    },
    [issuer, insideUrl, jwksUrl, managementUrl, keyturnUrl, keyturnManagementUrl],
  );
}

/** `keyturn doctor exchange` */
export async function runDoctorExchange(io: Io, flags: ExchangeFlags): Promise<void> {
  const realm = flags.realm ?? io.env['KEYCLOAK_REALM'];
  if (realm === undefined) throw new CommandFailure('Give --realm.');
  const { audience } = flags;
  if (flags.token === undefined || audience === undefined)
    throw new CommandFailure('Give --token (-, @file or env:NAME) and --audience.');
  const token = readSecretArgument(io, '--token', flags.token).trim();
  await withConnection(io, flags, async ({ url, fetch, admin }) => {
    const gathered = new Map<string, Promise<unknown>>();
    const context: DoctorContext = {
      settings: { keycloakUrl: url, realm, issuer: flags.issuer },
      fetch,
      clock: () => Date.now(),
      admin,
      once: <Value>(key: string, gather: () => Promise<Value>) => {
        const known = gathered.get(key) ?? gather();
        gathered.set(key, known);
        return known as Promise<Value>;
      },
    };
    tell(io, flags, await diagnoseExchange(context, { token, audience, requesterId: flags.requester }), false);
  });
}

function tell(io: Io, { json }: CommonFlags, findings: readonly Finding[], all: boolean): void {
  io.print(
    json === true ? JSON.stringify({ exitCode: exitCodeOf(findings), findings }) : showFindings(findings, { all }),
  );
  io.exit(exitCodeOf(findings));
}

function definedOf(values: NodeJS.Dict<string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
