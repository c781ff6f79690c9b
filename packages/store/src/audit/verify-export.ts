import { createPublicKey, type KeyObject } from 'node:crypto';
import { isJsonObject, type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import {
  type ChainPlace,
  checkpointHash,
  checkpointText,
  isSignedBy,
  readCheckpoint,
  type SignedCheckpoint,
} from './checkpoint.ts';
import { hashOfRow } from './verify.ts';

/** The first place at which an export is not what was written. `line` counts from 1. */
export interface BrokenExport {
  /**
   * `altered`: a row's hash does not cover its content. `missing`: a row before this place is gone. `reordered`: it is
   * there, further down. `repeated`: its number was there already. `cut`: it does not follow from the row before.
   * `truncated`: a checkpoint has seen rows of this chain behind its end. `replaced`: a checkpoint has seen another row
   * in this place. `checkpoint-…`: the same of a checkpoint. `unknown-key`: it is signed by a key that is not trusted.
   */
  readonly why:
    | 'no-export'
    | 'altered'
    | 'missing'
    | 'reordered'
    | 'repeated'
    | 'cut'
    | 'truncated'
    | 'replaced'
    | 'checkpoint-altered'
    | 'checkpoint-missing'
    | 'unknown-key';
  readonly line: number;
  readonly chain?: string;
  readonly seq?: number;
}

export interface VerifiedExport {
  readonly rows: number;
  readonly chains: number;
  readonly checkpoints: number;
  /** When the last checkpoint was signed: behind it, rows could be missing at the end. */
  readonly checkpointAt: number | undefined;
  readonly lastCheckpoint: string | undefined;
  readonly keyIds: readonly string[];
  /** The export holds only a stretch of time: what lies outside of it was not asked for. */
  readonly partial: boolean;
}

export interface VerifyOptions {
  /** Keys that are trusted, as JWKs. Default: those that the export names itself, which proves less. */
  readonly keys?: readonly JsonObject[] | undefined;
  /** The hash of a checkpoint that must be there: whoever kept it elsewhere notices if the end was cut off with its checkpoints. */
  readonly checkpoint?: string | undefined;
}

/** Reads an export line by line, in memory that does not grow with its rows. Ends with the first broken link. */
export async function verifyExport(
  lines: AsyncIterable<string> | Iterable<string>,
  options: VerifyOptions = {},
): Promise<Result<VerifiedExport, BrokenExport>> {
  const state = new ExportState(options);
  let number = 0;
  for await (const text of lines) {
    if (text === '') continue;
    number += 1;
    const broken = state.read(text, number);
    if (broken === undefined) continue;
    if (broken.why !== 'missing') return refuse(broken);
    // Gone, or only in another place? The rest of the file says.
    for await (const later of lines) if (isRow(later, broken)) return refuse({ ...broken, why: 'reordered' });
    return refuse(broken);
  }
  return state.end(number);
}

class ExportState {
  readonly #trusted: ReadonlyMap<string, KeyObject> | undefined;
  readonly #expected: string | undefined;
  #keys: ReadonlyMap<string, KeyObject> = new Map();
  #partial = false;
  #started = false;
  #ended = false;
  #rows = 0;
  #chains = 0;
  #checkpoints = 0;
  #lastCheckpoint: { readonly seq: number; readonly at: number; readonly hash: string } | undefined;
  #foundExpected = false;
  readonly #usedKeys = new Set<string>();
  /** What checkpoints have seen of each chain, by number; what was found is taken out. */
  readonly #seen = new Map<string, Map<number, string>>();
  readonly #cuts = new Map<string, ChainPlace>();
  readonly #done = new Set<string>();
  #last: { readonly chain: string; readonly seq: number; readonly hash: string } | undefined;

  constructor({ keys, checkpoint }: VerifyOptions) {
    this.#trusted = keys === undefined ? undefined : readKeys(keys);
    this.#expected = checkpoint;
  }

  read(text: string, line: number): BrokenExport | undefined {
    const value = parseLine(text);
    if (value === undefined || this.#ended) return { why: 'no-export', line };
    if (!this.#started) return this.#readHead(value, line);
    switch (value['type']) {
      case 'checkpoint':
        return this.#readCheckpoint(value, line);
      case 'row':
        return this.#readRow(value, line);
      case 'end':
        this.#ended = true;
        return value['rows'] === this.#rows ? undefined : { why: 'missing', line };
      default:
        return { why: 'no-export', line };
    }
  }

  end(line: number): Result<VerifiedExport, BrokenExport> {
    if (!this.#started || !this.#ended) return refuse({ why: 'no-export', line: line + 1 });
    if (!this.#partial) {
      for (const [chain, places] of this.#seen) {
        const cut = this.#cuts.get(chain)?.seq ?? 0;
        const [lost] = [...places.keys()].filter((seq) => seq > cut).sort((a, b) => a - b);
        if (lost !== undefined) return refuse({ why: 'truncated', line, chain, seq: lost });
      }
    }
    if (this.#expected !== undefined && !this.#foundExpected) return refuse({ why: 'checkpoint-missing', line });
    return ok({
      rows: this.#rows,
      chains: this.#chains,
      checkpoints: this.#checkpoints,
      checkpointAt: this.#lastCheckpoint?.at,
      lastCheckpoint: this.#lastCheckpoint?.hash,
      keyIds: [...this.#usedKeys],
      partial: this.#partial,
    });
  }

  #readHead(head: JsonObject, line: number): BrokenExport | undefined {
    if (head['type'] !== 'keyturn.audit' || head['version'] !== 1) return { why: 'no-export', line };
    const given = head['keys'];
    this.#keys = this.#trusted ?? readKeys(Array.isArray(given) ? given.filter(isJsonObject) : []);
    this.#partial = head['from'] !== undefined || head['to'] !== undefined;
    this.#started = true;
    return undefined;
  }

  #readCheckpoint(value: JsonObject, line: number): BrokenExport | undefined {
    const checkpoint = readCheckpoint(value);
    if (checkpoint === undefined) return { why: 'checkpoint-altered', line };
    const { seq, keyId, signature } = checkpoint;
    const key = this.#keys.get(keyId);
    if (key === undefined) return { why: 'unknown-key', line, seq };
    const body = checkpointText(checkpoint);
    if (!isSignedBy(body, signature, key)) return { why: 'checkpoint-altered', line, seq };
    const before = this.#lastCheckpoint;
    // The first may be any: retention removes old ones, and what they said of cuts is said again in later ones.
    if (before !== undefined && (seq !== before.seq + 1 || checkpoint.prev !== before.hash)) {
      return { why: 'checkpoint-missing', line, seq };
    }
    this.#usedKeys.add(keyId);
    this.#checkpoints += 1;
    this.#lastCheckpoint = { seq, at: checkpoint.at, hash: checkpointHash(body, signature) };
    if (this.#lastCheckpoint.hash === this.#expected) this.#foundExpected = true;
    this.#keepPlaces(checkpoint);
    return undefined;
  }

  #keepPlaces({ heads, cuts }: SignedCheckpoint): void {
    for (const [chain, { seq, hash }] of Object.entries(heads)) {
      const places = this.#seen.get(chain) ?? new Map<number, string>();
      this.#seen.set(chain, places.set(seq, hash));
    }
    for (const [chain, place] of Object.entries(cuts)) this.#cuts.set(chain, place);
  }

  #readRow({ type: _type, ...row }: JsonObject, line: number): BrokenExport | undefined {
    const { chain, seq, prev, hash } = row;
    if (typeof chain !== 'string' || typeof seq !== 'number' || typeof prev !== 'string' || typeof hash !== 'string') {
      return { why: 'no-export', line };
    }
    const at = { line, chain, seq };
    if (hashOfRow(row) !== hash) return { why: 'altered', ...at };
    const before = this.#last?.chain === chain ? this.#last : undefined;
    const broken = before === undefined ? this.#checkFirst(chain, seq, prev) : checkNext(before, seq, prev);
    if (broken !== undefined) return { ...at, ...broken };
    const places = this.#seen.get(chain);
    const seen = places?.get(seq);
    if (seen !== undefined && seen !== hash) return { why: 'replaced', ...at };
    places?.delete(seq);
    this.#last = { chain, seq, hash };
    this.#rows += 1;
    return undefined;
  }

  #checkFirst(chain: string, seq: number, prev: string): Pick<BrokenExport, 'why' | 'seq'> | undefined {
    if (this.#done.has(chain)) return { why: 'reordered' };
    this.#done.add(chain);
    this.#chains += 1;
    if (seq === 1) return prev === '' ? undefined : { why: 'cut' };
    if (this.#partial) return undefined;
    const cut = this.#cuts.get(chain);
    if (cut === undefined || cut.seq < seq - 1) return { why: 'missing', seq: (cut?.seq ?? 0) + 1 };
    return cut.seq === seq - 1 && cut.hash !== prev ? { why: 'cut' } : undefined;
  }
}

function checkNext(before: ChainPlace, seq: number, prev: string): Pick<BrokenExport, 'why' | 'seq'> | undefined {
  if (seq <= before.seq) return { why: seq === before.seq ? 'repeated' : 'reordered' };
  if (seq !== before.seq + 1) return { why: 'missing', seq: before.seq + 1 };
  return prev === before.hash ? undefined : { why: 'cut' };
}

function isRow(text: string, { chain, seq }: BrokenExport): boolean {
  const value = parseLine(text);
  return value !== undefined && value['type'] === 'row' && value['chain'] === chain && value['seq'] === seq;
}

function parseLine(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Public keys by `kid`; what is none is left out. */
function readKeys(keys: readonly JsonObject[]): ReadonlyMap<string, KeyObject> {
  const read = new Map<string, KeyObject>();
  for (const { kid, kty, crv, x } of keys) {
    if (typeof kid !== 'string' || kty !== 'OKP' || crv !== 'Ed25519' || typeof x !== 'string') continue;
    try {
      read.set(kid, createPublicKey({ key: { kty, crv, x }, format: 'jwk' }));
    } catch {
      // Not a point of the curve: nothing can be signed by it.
    }
  }
  return read;
}
