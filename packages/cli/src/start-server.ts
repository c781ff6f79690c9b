import { readFile } from 'node:fs/promises';
import {
  type ComposeFault,
  compose,
  createLog,
  type Service,
  type Settings,
  systemClock,
  systemRandom,
} from '@keyturn/server';
import { CommandFailure, type Io } from './io.ts';
import { openTelemetry } from './telemetry.ts';
import { version } from './version.ts';

/** Builds the service or says in one paragraph why it cannot be, and what to check. */
export async function buildService(settings: Settings, io: Pick<Io, 'env' | 'cwd'>): Promise<Service> {
  const log = createLog({ level: settings.log.level });
  const service = await compose(settings, {
    clock: systemClock,
    random: systemRandom,
    log,
    version,
    telemetry: await openTelemetry(settings.telemetry, io),
    readFile: (path) => readFile(path, 'utf8'),
  });
  if (!service.ok) throw new CommandFailure(describe(service.refusal), 2);
  return service.value;
}

function describe(fault: ComposeFault): string {
  switch (fault.why) {
    case 'settings':
      return `invalid configuration:\n${fault.faults.map(({ path, message }) => `  ${path}: ${message}`).join('\n')}`;
    case 'oidc':
      return [
        `OIDC setup failed: ${fault.issuer}: ${fault.message}`,
        'Check that the identity provider runs, that its keys can be reached from here (KEYCLOAK_JWKS_URL may be an',
        'internal address, KEYCLOAK_ISSUER is the public one), and that the realm exists. “keyturn doctor” looks further.',
      ].join('\n');
  }
}
