/**
 * Decisions as pure functions: what an agent may do (SafetyPolicy, in CEL), what a person may do (NIST RBAC), and who may
 * turn the second key. It reads no clock, no network and no store: time and facts are arguments, answers are values.
 */
export {};
