/**
 * Decisions as pure functions: what an agent may do (SafetyPolicy, in CEL), what a person may do (NIST RBAC), and who may
 * turn the second key. It reads no clock, no network and no store: time and facts are arguments, answers are values.
 */
export type { Approver, ApproverRefusal, KeysAsked } from './approvals/may-approve.ts';
export { areEnough, mayApprove } from './approvals/may-approve.ts';
export type { Overlap, Party } from './approvals/party.ts';
export { foldName } from './approvals/party.ts';
export type { CanonicalFault } from './digest/canonical.ts';
export { canonicalise, maxCanonicalDepth, writeCanonical } from './digest/canonical.ts';
export type { Digest, DigestedCall, DigestedCaller } from './digest/digest.ts';
export { digestOf } from './digest/digest.ts';
export type { JsonFault } from './digest/parse-json.ts';
export { parseJson } from './digest/parse-json.ts';
export type { CelFault } from './safety/cel.ts';
export type { Approvals, CompiledPolicy, PolicyFault } from './safety/compile.ts';
export type { CountReading, SafetyDecision } from './safety/decide.ts';
export { parseDuration } from './safety/duration.ts';
export type { DecideOptions, Judgement, SafetyEngine } from './safety/engine.ts';
export { createSafetyEngine, decideBySafety } from './safety/engine.ts';
export type { PrincipalInput, SafetyInput, ToolInput } from './safety/facts.ts';
export type { RuleReport, WantedCount } from './safety/judge.ts';
export type { PolicyMode, SafetyPolicy } from './safety/policy.ts';
export { safetyPolicySchema } from './safety/policy.ts';
