/**
 * The service. `compose` wires every part by plain arguments (read compose.ts: it is the architecture on one page);
 * what it needs of the outside world comes in as a `World`. It never imports the embedded identity provider: only
 * the command line's `keyturn dev` brings the two together.
 */
export { compose } from './compose.ts';
export type { ComposeFault, Service } from './compose/service.ts';
export { aliases } from './config/aliases.ts';
export { checkSettings } from './config/check.ts';
export { describeSettings, type Settings, secretPaths, settingsSchema } from './config/schema.ts';
export { buildErrorsPage } from './errors.ts';
export { authenticatorUri, codeAt, newTotpSecret } from './features/login/break-glass/one-time-code.ts';
export { hashPassword } from './features/login/break-glass/password.ts';
export { createLog, type Log } from './outside/log.ts';
export type { Meter } from './outside/metrics.ts';
export type { Attributes, TraceContext, Tracer } from './outside/traces.ts';
export { systemClock, systemRandom, type Telemetry, type World } from './outside/world.ts';
export { readPolicyFiles } from './features/policies/from-files.ts';
