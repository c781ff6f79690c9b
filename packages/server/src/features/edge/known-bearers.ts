import { ok, type Result } from '@keyturn/protocol';
import { type Bearer, type CredentialRefusal, parseBearer } from '../../http/bearer.ts';

/**
 * How the credentials read that were let in lately. A proxy asks about the same ones a thousand times a second, and each
 * time they come as new text: of text that is known here neither the shape nor the hash needs working out again. Nothing
 * is remembered of what was decided about a token.
 */
export interface KnownBearers {
  /** As `parseBearer` reads the value of an `Authorization` header. */
  readonly read: (value: string) => Result<Bearer, CredentialRefusal>;
  /** Only of callers who were let in, so that nobody fills the memory with what is refused. */
  readonly remember: (value: string, bearer: Bearer) => void;
}

/** At the bound all are forgotten, which costs each one more reading. A header is at most 16 KiB. */
export function createKnownBearers(maxEntries = 1000): KnownBearers {
  const known = new Map<string, Bearer>();
  return {
    read(value) {
      const before = known.get(value);
      return before === undefined ? parseBearer(value) : ok(before);
    },
    remember(value, bearer) {
      if (known.get(value) === bearer) return;
      if (known.size >= maxEntries) known.clear();
      known.set(value, bearer);
    },
  };
}
