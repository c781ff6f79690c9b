/**
 * Decisions as pure functions: what an agent may do (SafetyPolicy, in CEL), what a person may do (NIST RBAC), and who may
 * turn the second key. It reads no clock, no network and no store: time and facts are arguments, answers are values.
 */
export type { CanonicalFault } from './digest/canonical.ts';
export { canonicalise, maxCanonicalDepth, writeCanonical } from './digest/canonical.ts';
export type { Digest, DigestedCall, DigestedCaller } from './digest/digest.ts';
export { digestOf } from './digest/digest.ts';
export type { JsonFault } from './digest/parse-json.ts';
export { parseJson } from './digest/parse-json.ts';
