import { hash, type KeyObject, sign, verify } from 'node:crypto';
import { type Json, isJsonObject } from '@keyturn/protocol';
import { canonicalJson } from './canonical-json.ts';

/** A place in a chain: the row with this number has this hash. */
export interface ChainPlace {
  readonly seq: number;
  readonly hash: string;
}

/**
 * A signed statement over all chains: so far each had come (`heads`, those that have moved since the checkpoint before),
 * and up to there retention has removed what came first (`cuts`). Rows alone cannot tell that their end is missing;
 * these can. They are chained among themselves.
 */
export interface Checkpoint {
  /** 1, 2, 3, … over all replicas. */
  readonly seq: number;
  /** Epoch milliseconds. */
  readonly at: number;
  /** The hash of the checkpoint before; empty in the first. */
  readonly prev: string;
  readonly keyId: string;
  readonly heads: Readonly<Record<string, ChainPlace>>;
  readonly cuts: Readonly<Record<string, ChainPlace>>;
}

export interface SignedCheckpoint extends Checkpoint {
  /** Ed25519 over a domain line and the canonical JSON of the rest, in base64url. */
  readonly signature: string;
}

/** What signs checkpoints. */
export interface CheckpointSigner {
  readonly keyId: string;
  readonly privateKey: KeyObject;
}

const domain = 'keyturn/audit-checkpoint/v1\n';

export function checkpointText({ seq, at, prev, keyId, heads, cuts }: Checkpoint): string {
  return canonicalJson({ seq, at, prev, keyId, heads: placesOf(heads), cuts: placesOf(cuts) });
}

export function signCheckpoint(body: string, { privateKey }: CheckpointSigner): string {
  return sign(null, Buffer.from(domain + body), privateKey).toString('base64url');
}

export function isSignedBy(body: string, signature: string, publicKey: KeyObject): boolean {
  return verify(null, Buffer.from(domain + body), publicKey, Buffer.from(signature, 'base64url'));
}

export function checkpointHash(body: string, signature: string): string {
  return hash('sha256', `${body}\n${signature}`, 'hex');
}

/** Reads what this build has written, from a file that may be anybody's. */
export function readCheckpoint(value: unknown): SignedCheckpoint | undefined {
  if (!isJsonObject(value)) return undefined;
  const { seq, at, prev, keyId, signature } = value;
  const heads = readPlaces(value['heads']);
  const cuts = readPlaces(value['cuts']);
  if (typeof seq !== 'number' || typeof at !== 'number' || typeof prev !== 'string') return undefined;
  if (typeof keyId !== 'string' || typeof signature !== 'string' || heads === undefined || cuts === undefined)
    return undefined;
  return { seq, at, prev, keyId, heads, cuts, signature };
}

function readPlaces(value: unknown): Record<string, ChainPlace> | undefined {
  if (!isJsonObject(value)) return undefined;
  const places: Record<string, ChainPlace> = {};
  for (const [chain, place] of Object.entries(value)) {
    if (!isJsonObject(place) || typeof place['seq'] !== 'number' || typeof place['hash'] !== 'string') return undefined;
    places[chain] = { seq: place['seq'], hash: place['hash'] };
  }
  return places;
}

function placesOf(places: Readonly<Record<string, ChainPlace>>): Json {
  return Object.fromEntries(Object.entries(places).map(([chain, { seq, hash: of }]) => [chain, { seq, hash: of }]));
}
