import { parseArgs } from 'node:util';
import { ok, type Result, refuse } from '@keyturn/protocol';
import type { HttpSettings } from './http/settings.ts';

/** What the command line and Keycloak's own environment variables ask for. */
export interface Command {
  readonly port: number;
  readonly host: string;
  /** Absent: no health and metrics port. */
  readonly managementPort: number | undefined;
  /** SQLite file, or `:memory:`. */
  readonly data: string;
  readonly imports: readonly string[];
  readonly allowNonLoopback: boolean;
  readonly http: HttpSettings;
}

export const usage = `usage: keyturn-idp [start-dev] [--import REALM.json]… [--port 8041] [--management-port 9001] [--data FILE]

An identity provider that behaves as Keycloak does, for development, tests and evaluation.

  --import FILE|FOLDER             a realm file, JSON or YAML, with \${ENV} and \${ENV:default}, or all files named
                                   <realm>-realm.json (or .yaml) in a folder; may be repeated; a realm that exists is skipped
  --import-realm                   the files of ./data/import, as Keycloak does
  --port, --http-port N            default 8041; 0 takes a free one
  --host, --http-host ADDRESS      default 127.0.0.1
  --management-port N              health and metrics; --health-enabled and --metrics-enabled take 9001
  --data FILE                      SQLite file that keeps everything, or :memory:
  --hostname URL|HOST              as Keycloak's; so are
  --hostname-admin URL  --hostname-backchannel-dynamic  --http-relative-path PATH
  --proxy-headers xforwarded|forwarded  --proxy-trusted-addresses LIST
  --allow-non-loopback-though-not-for-production

Each option can be given by the environment as KC_… (KC_HOSTNAME, KC_HTTP_PORT). The first administrator is made from
KC_BOOTSTRAP_ADMIN_USERNAME and KC_BOOTSTRAP_ADMIN_PASSWORD. Keycloak's --http-enabled, --hostname-strict, --features,
--db, --cache and --log-level are taken and mean nothing here.`;

const options = {
  import: { type: 'string', multiple: true },
  'import-realm': { type: 'boolean' },
  port: { type: 'string' },
  'http-port': { type: 'string' },
  host: { type: 'string' },
  'http-host': { type: 'string' },
  'management-port': { type: 'string' },
  'http-management-port': { type: 'string' },
  data: { type: 'string' },
  hostname: { type: 'string' },
  'hostname-admin': { type: 'string' },
  'hostname-backchannel-dynamic': { type: 'boolean' },
  'http-relative-path': { type: 'string' },
  'proxy-headers': { type: 'string' },
  'proxy-trusted-addresses': { type: 'string' },
  'allow-non-loopback-though-not-for-production': { type: 'boolean' },
  'health-enabled': { type: 'boolean' },
  'metrics-enabled': { type: 'boolean' },
  // Keycloak's, without a meaning here: a command line that was written for it works.
  'http-enabled': { type: 'boolean' },
  'hostname-strict': { type: 'boolean' },
  features: { type: 'string' },
  db: { type: 'string' },
  cache: { type: 'string' },
  'log-level': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** What holds where neither arguments nor environment say anything. */
export interface CommandDefaults {
  /** Default: no such port. */
  readonly managementPort?: number;
  readonly data: string;
}

const importFolder = 'data/import';

/** Reads arguments; what they leave open comes from `KC_…` in the environment. */
export function parseArguments(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  defaults: CommandDefaults = { data: ':memory:' },
): Result<Command | 'help', string> {
  let values: ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];
  let positionals: readonly string[];
  try {
    ({ values, positionals } = parseArgs({ args: argv.flatMap(plainFlag), options, allowPositionals: true }));
  } catch (fault) {
    return refuse(fault instanceof Error ? fault.message : String(fault));
  }
  const mode = positionals[0] ?? 'start-dev';
  if (mode === 'start') return refuse('start is for production, which belongs on Keycloak; here it is start-dev');
  if (mode !== 'start-dev' || positionals.length > 1) return refuse(`Unexpected argument '${positionals.at(-1)}'`);
  if (values.help === true) return ok('help');
  const text = (...names: readonly (keyof typeof options)[]): string | undefined => {
    for (const name of names) {
      const given = values[name] ?? env[`KC_${name.toUpperCase().replaceAll('-', '_')}`];
      if (typeof given === 'string') return given;
    }
    return undefined;
  };
  const flag = (name: keyof typeof options): boolean =>
    values[name] === true || env[`KC_${name.toUpperCase().replaceAll('-', '_')}`] === 'true';

  const ports = {
    port: text('port', 'http-port') ?? '8041',
    management:
      text('management-port', 'http-management-port') ??
      (flag('health-enabled') || flag('metrics-enabled') ? '9001' : defaults.managementPort?.toString()),
  };
  for (const port of [ports.port, ports.management]) {
    if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) < 65_536))
      return refuse(`${port} is not a port`);
  }
  const proxy = text('proxy-headers');
  if (proxy !== undefined && proxy !== 'xforwarded' && proxy !== 'forwarded') {
    return refuse(`--proxy-headers is xforwarded or forwarded, not ${proxy}`);
  }
  const [hostname, hostnameAdmin, path] = [text('hostname'), text('hostname-admin'), text('http-relative-path')];
  const trusted = text('proxy-trusted-addresses')?.split(',');
  return ok({
    port: Number(ports.port),
    host: text('host', 'http-host') ?? '127.0.0.1',
    managementPort: ports.management === undefined ? undefined : Number(ports.management),
    data: values.data ?? defaults.data,
    imports: [...(values.import ?? []), ...(flag('import-realm') ? [importFolder] : [])],
    allowNonLoopback: flag('allow-non-loopback-though-not-for-production'),
    http: {
      ...(hostname === undefined ? {} : { hostname }),
      ...(hostnameAdmin === undefined ? {} : { hostnameAdmin }),
      ...(flag('hostname-backchannel-dynamic') ? { hostnameBackchannelDynamic: true } : {}),
      ...(path === undefined ? {} : { httpRelativePath: path }),
      ...(proxy === undefined ? {} : { proxyHeaders: proxy }),
      ...(trusted === undefined ? {} : { proxyTrustedAddresses: trusted.map((it) => it.trim()) }),
    },
  });
}

// Keycloak's flags may carry their value: `--hostname-backchannel-dynamic=true`.
function plainFlag(argument: string): readonly string[] {
  const [, name = '', value] = /^--([\w-]+)=(true|false)$/.exec(argument) ?? [];
  if (!Object.hasOwn(options, name) || options[name as keyof typeof options].type !== 'boolean') return [argument];
  return value === 'true' ? [`--${name}`] : [];
}
