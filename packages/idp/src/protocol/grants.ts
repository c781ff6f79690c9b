import type { OAuthErrorCode, Result } from '@keyturn/protocol';
import type { FastifyRequest } from 'fastify';
import type { Client, Realm } from '../model/index.ts';
import type { TokenResponse } from '../tokens/token-request.ts';

/** A request at the token endpoint whose client is known and authenticated, and whose form has no doubles. */
export interface GrantRequest {
  readonly realm: Realm;
  readonly client: Client;
  readonly form: URLSearchParams;
  readonly request: FastifyRequest;
  /** `<frontend>/realms/<realm>` for this request. */
  readonly issuer: string;
  /** The client's address, for events and sessions. */
  readonly address: string;
  /** Thumbprint of the key in the request's DPoP proof, if it has a valid one (RFC 9449). */
  readonly dpopThumbprint?: string;
  /** Resources that the tokens are for (RFC 8707), where the realm has switched that on; the endpoint checks the outcome. */
  readonly resources?: readonly string[];
}

/** What of a grant goes into its event; the endpoint adds client, address and grant type. */
export interface GrantFacts {
  readonly userId?: string;
  readonly sessionId?: string;
  readonly details?: Readonly<Record<string, string>>;
}

/** A refused grant: what the caller sees, and what the event says. */
export interface GrantRefusal {
  readonly status: number;
  readonly error: OAuthErrorCode;
  readonly description: string;
  /** Keycloak's event error (`invalid_user_credentials`); `details.reason` is where the doctor looks. */
  readonly event: { readonly error: string } & GrantFacts;
}

export type GrantOutcome = Result<{ readonly response: TokenResponse; readonly event: GrantFacts }, GrantRefusal>;

/** One `grant_type`: which event it is, and what it comes to. */
export interface GrantHandler {
  /** `LOGIN`, `CODE_TO_TOKEN`, `TOKEN_EXCHANGE` …; refused ones are reported as `<type>_ERROR`. */
  readonly eventType: string;
  handle(grant: GrantRequest): Promise<GrantOutcome>;
}

/** Handlers by `grant_type`. */
export type Grants = Readonly<Record<string, GrantHandler>>;

/** A refusal with its event; `reason` becomes `details.reason`. */
export function refuseGrant(
  status: number,
  error: OAuthErrorCode,
  description: string,
  event: { readonly error: string; readonly reason?: string } & GrantFacts,
): { readonly ok: false; readonly refusal: GrantRefusal } {
  const { reason, ...facts } = event;
  const details = reason === undefined ? facts.details : { ...facts.details, reason };
  return {
    ok: false,
    refusal: { status, error, description, event: { ...facts, ...(details === undefined ? {} : { details }) } },
  };
}
