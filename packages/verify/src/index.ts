/**
 * Is this access token good for this resource? Strict, fast, and with the issuer apart from the address of its keys.
 * Usable alone, in anyone's service. It says who calls; what they may do is for others (`policy`).
 *
 * The path of a token: `read` takes it apart, `keys/` has the issuer's keys, `judge` decides, `revocation` has the last
 * word, and `verifier` ties them together and remembers. A refusal is a value: `explain` says it to a person,
 * `bearerChallenge` to an HTTP client.
 */
// The words that the types below are made of, so that nobody needs another package to name them.
export type {
  Claims,
  Clock,
  EpochMilliseconds,
  EpochSeconds,
  Principal,
  Result,
  Seconds,
  TokenRoles,
} from '@keyturn/protocol';
export { days, epochMilliseconds, hours, minutes, seconds } from '@keyturn/protocol';
export type { AlgorithmName } from './algorithms.ts';
export type { ChallengeOptions, WireRefusal } from './challenge.ts';
export { bearerChallenge, dpopChallenge, wireOf } from './challenge.ts';
export type { DiagnosedSettings, Diagnosis, DiagnosisRefusal, IdentityCandidate } from './diagnose.ts';
export { diagnose } from './diagnose.ts';
export type { DpopOptions, DpopRequest, NonceSource } from './dpop.ts';
export { checkDpop } from './dpop.ts';
export { explain } from './explain.ts';
export type { KeycloakAddresses, KeycloakPlace, KeycloakPlaceRefusal } from './keycloak.ts';
export { explainKeycloakPlace, resolveKeycloak } from './keycloak.ts';
export type { IntrospectionEndpoint } from './introspection/introspect.ts';
export type { IntrospectionVerifierOptions } from './introspection/introspection-verifier.ts';
export { createIntrospectionVerifier } from './introspection/introspection-verifier.ts';
export type { Fetch } from './keys/key-source.ts';
export type { KeyPolicy } from './keys/remote-keys.ts';
export type { LogoutToken, LogoutTokenRefusal, LogoutTokenVerifier } from './logout-token.ts';
export { createLogoutTokenVerifier, explainLogoutToken } from './logout-token.ts';
export type { ProviderName, ProviderPreset } from './providers.ts';
export { providers } from './providers.ts';
export type { CredentialsRefusal, DpopFault, DpopRefusal, TokenPart, TokenRefusal } from './refusal.ts';
export type { ReplayStore } from './replay.ts';
export { createMemoryReplayStore } from './replay.ts';
export type { IntrospectionSourceOptions } from './revocation/introspection-source.ts';
export { createIntrospectionSource } from './revocation/introspection-source.ts';
export type { Revocation, RevocationKind } from './revocation/revocation-event.ts';
export type { RevocationList } from './revocation/revocation-list.ts';
export { createRevocationList } from './revocation/revocation-list.ts';
export type { RevocationSource, Standing } from './revocation/source.ts';
export type { OpenStream, RevocationStream, RevocationStreamOptions } from './revocation/stream.ts';
export { openRevocationStream } from './revocation/stream.ts';
export type { Verdict, Verifier } from './verdict.ts';
export type { VerifierOptions } from './verifier-options.ts';
export { createVerifier } from './verifier.ts';
