/**
 * Keycloak as code: what a realm should be, what it is, and the plan that leads from one to the other; and a doctor
 * that says why something does not work. It speaks to a real Keycloak and to the embedded identity provider alike, and
 * leaves arguments, files and exit codes to the command line.
 *
 * The path through it: `file/` reads a realm file and `recipes/` replaces five lines by what they stand for; `model/`
 * spreads the realm into flat objects, the same for a file and for a server; `plan/` compares the two and holds no
 * secret; `live/` reads a server, carries a plan out and reads again. `doctor/` judges facts that it gathers;
 * `rotate/` changes a secret. Read `model/objects.ts` first.
 */
export type { DoctorContext, DoctorSettings, Finding, Severity } from './doctor/check.ts';
export { exitCodeOf } from './doctor/check.ts';
export { checks, runDoctor } from './doctor/doctor.ts';
export { diagnoseExchange } from './doctor/exchange.ts';
export { showFindings } from './doctor/show.ts';
export { type LintFault, lintRealmFile } from './file/lint.ts';
export {
  parseRealmDeclaration,
  parseRealmFile,
  type RealmFileFault,
  type RealmFileOptions,
  showRealmFileFault,
} from './file/parse.ts';
export { showRealm } from './file/show.ts';
export { type PlaceholderFault, type PlaceholderOptions, resolvePlaceholders } from './file/placeholders.ts';
export { type Admin, type AdminOptions, createAdmin } from './live/admin.ts';
export type { AdminLogin } from './live/admin-login.ts';
export { type AdminRefusal, explainAdminRefusal } from './live/admin-refusal.ts';
export { type Applied, type ApplyOptions, applyPlan } from './live/apply.ts';
export { type ApplyRefusal, explainApplyRefusal } from './live/apply-refusal.ts';
export { exportRealm, minimizeRealm } from './live/export-realm.ts';
export { type PlannedRealm, type PlanRefusal, planRealm } from './live/plan-realm.ts';
export { type Desired, spreadRealm } from './model/desired.ts';
export { showRef } from './model/objects.ts';
export type { PlanOptions } from './plan/build.ts';
export { collectSecrets } from './plan/secret-fields.ts';
export { parsePlan } from './plan/parse.ts';
export { changesNothing, countSteps, isEmptyPlan, type Plan, type PlanCounts, type Step } from './plan/plan.ts';
export { showPlan } from './plan/show.ts';
export { type ExpandedRealm, recipes, type UsedRecipe } from './recipes/expand.ts';
export { explainRecipes } from './recipes/explain.ts';
export type { Recipe, RecipePart } from './recipes/recipe.ts';
export type {
  ClientRepresentation,
  ClientScopeRepresentation,
  CredentialRepresentation,
  GroupRepresentation,
  IdentityProviderRepresentation,
  ProtocolMapperRepresentation,
  RealmRepresentation,
  RoleRepresentation,
  RolesRepresentation,
  ScopeMappingRepresentation,
  UserRepresentation,
} from './representation.ts';
export {
  buildSecretManifest,
  explainRotateRefusal,
  type Rotated,
  type RotateOptions,
  type RotateRefusal,
  rotateSecret,
  setEnvLine,
} from './rotate/rotate-secret.ts';
