import type { JsonObject } from './json.ts';

/**
 * The claims of a token as they stand in it: registered names of RFC 7519 §4.1, RFC 9068 §2.2 and OpenID Connect,
 * and those that Keycloak adds. Every member is what the issuer wrote, so none may be believed before `verify`.
 */
export interface Claims extends JsonObject {
  readonly iss?: string;
  readonly sub?: string;
  readonly aud?: string | readonly string[];
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
  readonly jti?: string;
  readonly azp?: string;
  readonly client_id?: string;
  readonly scope?: string;
  readonly sid?: string;
  /** Keycloak: the kind of token (`Bearer`, `ID`, `Refresh`, `Offline`, …), beside the header's `typ`. */
  readonly typ?: string;
}
