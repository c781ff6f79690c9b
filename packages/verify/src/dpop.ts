import { createHash } from 'node:crypto';
import type { EpochMilliseconds, JsonObject, Result, Seconds } from '@keyturn/protocol';
import { after, epochSeconds, ok, refuse, seconds, secondsOf } from '@keyturn/protocol';
import type { Algorithm, AlgorithmName } from './algorithms.ts';
import { algorithms } from './algorithms.ts';
import { sameTarget } from './dpop-target.ts';
import type { VerificationKey } from './keys/jwk.ts';
import { isUsable, parseJwk } from './keys/jwk.ts';
import { fits } from './keys/key-index.ts';
import { isSignedBy } from './keys/signature.ts';
import type { Jws } from './jws.ts';
import { splitJws } from './jws.ts';
import type { DpopFault, DpopRefusal } from './refusal.ts';
import type { ReplayStore } from './replay.ts';
import { parseStrictJson } from './strict-json.ts';

/** What DPoP proofs are held to. RFC 9449 §4.3. */
export interface DpopOptions {
  readonly replay: ReplayStore;
  /** How old a proof may be by its `iat`. Default 60 seconds. */
  readonly maxAge?: Seconds;
  /** Default all there are. */
  readonly algorithms?: readonly AlgorithmName[];
  /** If given, proofs must carry one of the server's nonces (§9). */
  readonly nonces?: NonceSource;
}

/** The nonces of this server: one is current, and those that were so a moment ago still pass. */
export interface NonceSource {
  current(): string;
  accepts(nonce: string): boolean;
}

/** A request with a token that is bound to a key. */
export interface DpopRequest {
  readonly token: string;
  /** The DPoP header, or all of them if there are several. */
  readonly proof: string | readonly string[] | null | undefined;
  readonly method: string;
  /** The URL that the client called, so behind a proxy the public one. Query and fragment do not matter. */
  readonly url: string;
}

/** Longer proofs are refused unread; one with an RSA key of 4096 bits has about 2000 characters. */
const maxProofLength = 8192;
const maxJtiLength = 256;
/** A client's clock may run ahead by this much. */
const clientAhead = seconds(5);
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** The algorithms that proofs may be signed with, for the challenge. */
export function proofAlgorithms(options: DpopOptions): readonly string[] {
  return options.algorithms ?? [...algorithms.keys()];
}

/** Whether a request's proof shows possession of the key that its token is bound to (`jkt`). */
export async function checkDpop(
  request: DpopRequest,
  jkt: string,
  options: DpopOptions,
  at: EpochMilliseconds,
): Promise<Result<void, DpopRefusal>> {
  const proof = parseProof(request.proof, options);
  if (typeof proof === 'string') return refuse({ why: 'dpop-proof', fault: proof });
  const fault = faultOfProof(proof, request, jkt, at, options.maxAge ?? seconds(60));
  if (fault !== undefined) return refuse({ why: 'dpop-proof', fault });
  const stale = faultOfNonce(proof, options.nonces);
  if (stale !== undefined) return refuse(stale);
  // Last, so that only a proof that is good in all else uses up its id.
  const first = await claim(proof, jkt, options);
  return first === undefined ? ok(undefined) : refuse({ why: 'dpop-proof', fault: first });
}

interface Proof {
  readonly jws: Jws;
  readonly algorithm: Algorithm;
  readonly key: VerificationKey;
  readonly claims: JsonObject & { readonly jti: string; readonly iat: number };
}

function parseProof(header: DpopRequest['proof'], options: DpopOptions): Proof | DpopFault {
  // Null is what a `Headers` object says of a field that is not there.
  if (header === undefined || header === null) return 'missing';
  const text = typeof header === 'string' ? header : header.length === 1 ? header[0] : undefined;
  // Two header lines arrive joined by a comma, which no proof contains.
  if (text === undefined || text.includes(',')) return 'several';
  const jws = splitJws(text, maxProofLength);
  if (!jws.ok) return 'malformed';
  const head = parseStrictJson(jws.value.header);
  const claims = parseStrictJson(jws.value.payload);
  if (typeof head === 'string' || typeof claims === 'string') return 'malformed';
  const { typ, alg, jwk = null } = head;
  if (typ !== 'dpop+jwt') return 'typ';
  if (head.crit !== undefined || head.b64 !== undefined || head.zip !== undefined) return 'malformed';
  const algorithm = typeof alg === 'string' && proofAlgorithms(options).includes(alg) ? algorithms.get(alg) : undefined;
  if (algorithm === undefined) return 'algorithm';
  const key = parseJwk(jwk);
  if (!isUsable(key) || !fits(key, algorithm)) return 'key';
  if (privateMembers.some((member) => Object.hasOwn(Object(jwk), member))) return 'key';
  const { jti, iat } = claims;
  if (typeof jti !== 'string') return 'jti';
  if (typeof iat !== 'number') return 'iat';
  return { jws: jws.value, algorithm, key, claims: { ...claims, jti, iat } };
}

function faultOfProof(
  { jws, algorithm, key, claims }: Proof,
  request: DpopRequest,
  jkt: string,
  at: EpochMilliseconds,
  maxAge: Seconds,
): DpopFault | undefined {
  if (!isSignedBy(key, algorithm, jws.signed, jws.signature)) return 'signature';
  const now = secondsOf(at);
  const { jti, htm, htu, iat, ath } = claims;
  if (jti === '' || jti.length > maxJtiLength) return 'jti';
  if (htm !== request.method) return 'htm';
  if (typeof htu !== 'string' || !sameTarget(htu, request.url)) return 'htu';
  if (!(iat >= now - maxAge && iat <= now + clientAhead)) return 'iat';
  if (ath !== sha256(request.token)) return 'ath';
  return thumbprint(key) === jkt ? undefined : 'thumbprint';
}

function faultOfNonce({ claims }: Proof, nonces: NonceSource | undefined): DpopRefusal | undefined {
  if (nonces === undefined) return undefined;
  const { nonce } = claims;
  try {
    if (typeof nonce === 'string' && nonces.accepts(nonce)) return undefined;
    return { why: 'dpop-nonce', nonce: nonces.current() };
  } catch {
    return { why: 'dpop-proof', fault: 'nonce-unknown' };
  }
}

async function claim({ claims }: Proof, jkt: string, options: DpopOptions): Promise<DpopFault | undefined> {
  const until = after(epochSeconds(claims.iat), seconds((options.maxAge ?? 60) + 1));
  try {
    return (await options.replay.claim(`${jkt}.${sha256(claims.jti)}`, until)) ? undefined : 'replayed';
  } catch {
    return 'replay-unknown';
  }
}

/** RFC 7638 §3: the required members in the order of their names, as the key itself spells them. */
function thumbprint({ key }: VerificationKey): string {
  const { crv, e, kty, n, x, y } = key.export({ format: 'jwk' });
  return sha256(JSON.stringify({ crv, e, kty, n, x, y }));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
