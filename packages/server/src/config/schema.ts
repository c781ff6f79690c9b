import { z } from 'zod';
import { breakGlassSection } from './break-glass.ts';
import { authzenSection } from './authzen.ts';
import { auditSection } from './audit.ts';
import { edgeSection } from './edge.ts';
import { eventsSection } from './events.ts';
import { loginSection } from './login.ts';
import { mailSection } from './mail.ts';
import { patSection } from './pat.ts';
import { policiesSection } from './policies.ts';
import { requestsSection } from './requests.ts';
import { rbacSection } from './rbac.ts';
import { sealSection } from './seal.ts';
import {
  authSection,
  exchangeSection,
  httpSection,
  logSection,
  managementSection,
  mcpSection,
  storeSection,
  toolsSection,
} from './sections.ts';
import { telemetrySection } from './telemetry.ts';

/** Everything that can be set, in the file (`keyturn.yaml`), by flags and by `KEYTURN_…` names. Unknown keys are refused. */
export const settingsSchema = z.strictObject({
  http: httpSection.prefault({}),
  management: managementSection.prefault({}),
  store: storeSection.prefault({}),
  auth: authSection,
  mcp: mcpSection.prefault({}),
  exchange: exchangeSection.prefault({}),
  tools: toolsSection.prefault({}),
  seal: sealSection.prefault({}),
  pat: patSection.optional(),
  login: loginSection.optional(),
  breakGlass: breakGlassSection.optional(),
  events: eventsSection.optional(),
  edge: edgeSection.optional(),
  audit: auditSection.prefault({}),
  authzen: authzenSection.prefault({}),
  policies: policiesSection.optional(),
  rbac: rbacSection.prefault({}),
  mail: mailSection.optional(),
  requests: requestsSection.optional(),
  log: logSection.prefault({}),
  telemetry: telemetrySection.prefault({}),
});

export type Settings = z.infer<typeof settingsSchema>;

/** Paths whose values are never printed. */
export const secretPaths: readonly string[] = [
  'exchange.clientSecret',
  'audit.signingKey',
  'login.clientSecret',
  'login.syncClientSecret',
  'events.webhooks.*.secrets.*',
  'breakGlass.accounts.*.passwordHash',
  'breakGlass.accounts.*.totpSecret',
  'mail.password',
  'seal.key',
  'seal.formerKeys',
  'pat.sealKey',
  'pat.formerSealKeys',
  'pat.readerClientSecret',
  'pat.token_issuer_kwargs.client_secret',
  'pat.token_issuer_kwargs.signing_key',
  'pat.introspectionClients.*',
  'requests.webhookSecret',
  'requests.webhookFormerSecret',
];

/** One setting as documents show it. */
export interface SettingDescription {
  readonly path: string;
  readonly description: string;
  /** Undefined where there is none. */
  readonly fallback: unknown;
  readonly required: boolean;
}

/** Every setting, in the order of the schema, for the reference page. */
export function describeSettings(): readonly SettingDescription[] {
  const sections = Object.entries(z.toJSONSchema(settingsSchema, { io: 'input' }).properties ?? {});
  return sections.flatMap(([name, section]) => {
    if (typeof section === 'boolean') return [];
    return Object.entries(section.properties ?? {}).map(([key, setting]) => {
      const { description, default: fallback } = typeof setting === 'boolean' ? {} : setting;
      const required = section.required?.includes(key) === true;
      return { path: `${name}.${key}`, description: description ?? '', fallback, required };
    });
  });
}
