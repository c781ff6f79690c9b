import { createHash } from 'node:crypto';
import { ok, type Result, refuse } from '@keyturn/protocol';
import type { Client } from '../../model/index.ts';

/** Proof key of a code (RFC 7636): what the client must show later. */
export interface CodeChallenge {
  readonly method: 'S256' | 'plain';
  readonly challenge: string;
}

const shape = /^[A-Za-z0-9\-._~]{43,128}$/;

/**
 * The challenge of an authorization request, or Keycloak's text on what is wrong with it. A client whose attribute
 * `pkce.code.challenge.method` is set must send one by exactly that method: no downgrade.
 */
export function readCodeChallenge(
  client: Client,
  parameters: URLSearchParams,
): Result<CodeChallenge | undefined, string> {
  const challenge = parameters.get('code_challenge') ?? undefined;
  const method = parameters.get('code_challenge_method') ?? undefined;
  const required = client.attributes['pkce.code.challenge.method'] ?? '';
  if (required !== '') {
    if (method === undefined) return refuse('Missing parameter: code_challenge_method');
    if (method !== required) {
      return refuse('Invalid parameter: code challenge method is not matching the configured one');
    }
  }
  if (challenge === undefined) {
    return required === '' && method === undefined ? ok(undefined) : refuse('Missing parameter: code_challenge');
  }
  if (method !== undefined && method !== 'S256' && method !== 'plain') {
    return refuse('Invalid parameter: code_challenge_method');
  }
  if (!shape.test(challenge)) return refuse('Invalid parameter: code_challenge');
  return ok({ method: method ?? 'plain', challenge });
}

/** Whether the verifier fits, or Keycloak's text on why not. A verifier without a challenge is a downgrade and refused. */
export function checkCodeVerifier(
  expected: CodeChallenge | undefined,
  verifier: string | undefined,
): Result<void, string> {
  if (expected === undefined) {
    return verifier === undefined
      ? ok(undefined)
      : refuse('PKCE code verifier specified but challenge not present in authorization');
  }
  if (verifier === undefined) return refuse('PKCE code verifier not specified');
  if (!shape.test(verifier)) return refuse('PKCE verification failed: Invalid code verifier');
  const shown = expected.method === 'S256' ? createHash('sha256').update(verifier).digest('base64url') : verifier;
  return shown === expected.challenge ? ok(undefined) : refuse('PKCE verification failed: Code mismatch');
}
