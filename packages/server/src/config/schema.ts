import { z } from 'zod';
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

/** Everything that can be set, in the file (`keyturn.yaml`), by flags and by `KEYTURN_…` names. Unknown keys are refused. */
export const settingsSchema = z.strictObject({
  http: httpSection.prefault({}),
  management: managementSection.prefault({}),
  store: storeSection.prefault({}),
  auth: authSection,
  mcp: mcpSection.prefault({}),
  exchange: exchangeSection.prefault({}),
  tools: toolsSection.prefault({}),
  log: logSection.prefault({}),
});

export type Settings = z.infer<typeof settingsSchema>;

/** Paths whose values are never printed. */
export const secretPaths: readonly string[] = ['exchange.clientSecret'];
