import type { EpochSeconds } from '@keyturn/protocol';
import { epochSeconds, isJsonObject } from '@keyturn/protocol';

/**
 * The data of an event named `revocation` on `GET /api/v1/revocations`: which tokens are no longer good. As JSON:
 * `{"kind":"sid","value":"…","issuer":"https://…","before":1795356986}`.
 */
export interface Revocation {
  /** What the value names: a token, a session, a user, a client, a personal access token; `all` needs no value. */
  readonly kind: RevocationKind;
  readonly value: string;
  /** Only tokens of this issuer. Default those of any. */
  readonly issuer?: string;
  /** Only tokens issued before this second. Default all, whenever issued. */
  readonly before?: EpochSeconds;
  /** When none of the tokens that are meant can be alive any more, so that this may be forgotten. Default never. */
  readonly until?: EpochSeconds;
}

export type RevocationKind = 'jti' | 'sid' | 'sub' | 'client' | 'pat' | 'all';

const kinds: ReadonlySet<unknown> = new Set<RevocationKind>(['jti', 'sid', 'sub', 'client', 'pat', 'all']);

/** Reads the data of an event, or undefined where it cannot be told which tokens are meant. */
export function parseRevocation(data: string): Revocation | undefined {
  const event = parseJson(data);
  if (!isJsonObject(event)) return undefined;
  const { kind, value = '', issuer, before, until } = event;
  if (!isKind(kind) || typeof value !== 'string' || (value === '' && kind !== 'all')) return undefined;
  if (issuer !== undefined && issuer !== null && typeof issuer !== 'string') return undefined;
  if (!isTimeIfAny(before) || !isTimeIfAny(until)) return undefined;
  return {
    kind,
    value: kind === 'all' ? '' : value,
    ...(typeof issuer === 'string' ? { issuer } : {}),
    ...(typeof before === 'number' ? { before: epochSeconds(before) } : {}),
    ...(typeof until === 'number' ? { until: epochSeconds(until) } : {}),
  };
}

function isKind(kind: unknown): kind is RevocationKind {
  return kinds.has(kind);
}

function isTimeIfAny(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'number' && Number.isFinite(value));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
