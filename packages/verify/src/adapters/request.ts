import type { Principal, Result } from '@keyturn/protocol';
import { ok, refuse } from '@keyturn/protocol';
import type { ChallengeOptions, WireRefusal } from '../challenge.ts';
import { bearerChallenge, dpopChallenge, wireOf } from '../challenge.ts';
import type { Wishes } from '../option-checks.ts';
import { faultsOf, has, isFunction, isHttpUrl, isText, isTextOrTexts, throwFaults } from '../option-checks.ts';
import type { CredentialsRefusal, TokenRefusal } from '../refusal.ts';
import type { Verifier } from '../verdict.ts';

/** What an adapter takes out of its framework's request. */
export interface Presented {
  /** All of them if there are several, which no honest client sends. */
  readonly authorization: string | readonly string[] | undefined;
  /** The DPoP headers, joined or apart. */
  readonly dpop: string | readonly string[] | undefined;
  readonly method: string;
  /** The URL as the client called it; only asked for when the scheme is DPoP. */
  readonly url: () => string;
}

/** Why a request was refused; `explain` says each in a sentence. */
export type RequestRefusal = CredentialsRefusal | TokenRefusal;

/** Options that all adapters share. */
export interface ProtectOptions extends ChallengeOptions {
  /** Scopes that the token must have, all of them. Default none. */
  readonly scopes?: readonly string[];
  /**
   * The origin under which clients call this service, such as `https://api.example.com`, with the path that a proxy
   * takes away, if it does. Needed for DPoP behind a proxy, since a `Host` header is the client's own word. Default: the
   * scheme and host of the request.
   */
  readonly publicOrigin?: string;
  /** Algorithms named in the challenge for DPoP. Default none, and then no such challenge is sent. */
  readonly dpopAlgorithms?: readonly string[];
  /** Hears every refusal, with all its facts, for the log (`explain`). What it throws changes nothing of the answer. */
  readonly onRefusal?: (refusal: RequestRefusal) => void;
}

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);

const wishes: Wishes<ProtectOptions> = {
  realm: { wish: 'a text', holds: isText },
  scope: { wish: 'a text or a list of texts', holds: isTextOrTexts },
  resourceMetadata: { wish: 'an http(s) URL, without user name and password', holds: isHttpUrl },
  scopes: { wish: 'a list of texts', holds: isTexts, shown: true },
  publicOrigin: {
    wish: 'such as https://api.example.com, without query',
    holds: (value) => isHttpUrl(value) && !/[?#]/.test(value),
  },
  dpopAlgorithms: { wish: 'a list of texts', holds: isTexts, shown: true },
  onRefusal: { wish: 'a function', holds: isFunction },
};

/** Throws a TypeError that lists everything wrong with what an adapter was given. */
export function checkAdapterOptions(verifier: unknown, options: unknown): void {
  const isVerifier = has('verify', 'verifySync', 'verifyDpop');
  throwFaults('the check of tokens', [
    ...(isVerifier(verifier) ? [] : ['verifier: give one that createVerifier or createIntrospectionVerifier made']),
    ...faultsOf(options, wishes),
  ]);
}

/** The URL that a client called, of whose path and query this service knows no more than `target`. */
export function publicUrl(origin: string, target: string): string {
  return `${origin.replace(/\/+$/, '')}${target}`;
}

/** Tells the log of a refusal. A log that breaks must neither let a request in nor leave it without an answer. */
export function report(refusal: RequestRefusal, { onRefusal }: ProtectOptions): void {
  try {
    onRefusal?.(refusal);
  } catch {
    // Whoever gave the listener hears of its faults in no better way here.
  }
}

/** An answer to a request that was refused. */
export interface RefusedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string;
}

/** Who is calling. A promise only if something has to be waited for. */
export function authenticate(
  verifier: Verifier,
  request: Presented,
  options: ProtectOptions,
): Result<Principal, RequestRefusal> | Promise<Result<Principal, RequestRefusal>> {
  const { authorization } = request;
  if (authorization === undefined) return refuse({ why: 'no-credentials' });
  if (typeof authorization !== 'string') return refuse({ why: 'several-credentials' });
  if (isScheme(authorization, 'bearer ')) {
    const token = authorization.slice('bearer '.length);
    const verdict = verifier.verifySync(token);
    if (verdict !== undefined) return checkScopes(verdict, options);
    return verifier.verify(token).then((late) => checkScopes(late, options));
  }
  if (isScheme(authorization, 'dpop ')) {
    const { dpop: proof, method } = request;
    const token = authorization.slice('dpop '.length);
    return verifier
      .verifyDpop({ token, proof, method, url: request.url() })
      .then((verdict) => checkScopes(verdict, options));
  }
  return refuse({ why: 'no-credentials' });
}

/** What the client is told, by RFC 6750 §3, RFC 9449 §7.1 and RFC 9728 §5.1. */
export function buildRefusedAnswer(refusal: RequestRefusal, options: ProtectOptions): RefusedAnswer {
  const wire = wireOfRequest(refusal);
  const scope = options.scope ?? options.scopes;
  const challengeOptions: ChallengeOptions = scope === undefined ? options : { ...options, scope };
  const ofProof = wire?.error === 'invalid_dpop_proof' || wire?.error === 'use_dpop_nonce';
  const { dpopAlgorithms } = options;
  const challenges = [
    ...(ofProof && dpopAlgorithms !== undefined ? [] : [bearerChallenge(wire, challengeOptions)]),
    ...(dpopAlgorithms === undefined ? [] : [dpopChallenge(wire, dpopAlgorithms, challengeOptions)]),
  ];
  const status = wire?.status ?? 401;
  return {
    status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      ...(status === 503 ? { 'retry-after': '1' } : { 'www-authenticate': challenges }),
      ...(refusal.why === 'dpop-nonce' ? { 'dpop-nonce': refusal.nonce } : {}),
    },
    body: JSON.stringify(wire === undefined ? {} : { error: wire.error, error_description: wire.description }),
  };
}

function wireOfRequest(refusal: RequestRefusal): WireRefusal | undefined {
  if (refusal.why === 'no-credentials') return undefined;
  if (refusal.why === 'several-credentials') {
    return { status: 400, error: 'invalid_request', description: 'There is more than one Authorization header' };
  }
  if (refusal.why === 'insufficient-scope') {
    return { status: 403, error: 'insufficient_scope', description: 'The access token lacks a scope' };
  }
  return wireOf(refusal);
}

function checkScopes(
  verdict: Result<Principal, RequestRefusal>,
  { scopes }: ProtectOptions,
): Result<Principal, RequestRefusal> {
  if (scopes === undefined || !verdict.ok) return verdict;
  const got = verdict.value.scopes;
  return scopes.every((scope) => got.includes(scope))
    ? ok(verdict.value)
    : refuse({ why: 'insufficient-scope', got, needed: scopes });
}

// The names of schemes know no case (RFC 9110 §11.1).
function isScheme(authorization: string, lowerCase: string): boolean {
  return authorization.slice(0, lowerCase.length).toLowerCase() === lowerCase;
}
