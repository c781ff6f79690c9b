import { type Clock, type EpochMilliseconds, ok, type PatId, type Result, refuse, secondsOf } from '@keyturn/protocol';
import type { PatRefusal } from '../../http/pat-port.ts';
import type { PatAtDoor } from './pat.ts';
import type { FoundPat, PatKey, PatRepository, PatUse } from './repository.ts';
import type { Revocations } from './revocations.ts';

/** What can stand between a token and its use. */
export type StandingRefusal = Extract<
  PatRefusal,
  { readonly why: 'pat-unknown' | 'pat-expired' | 'pat-owner' | 'pat-unheard' }
>;

/**
 * The personal access tokens that this replica has met in the last minute, by hash or `jti`. A token in it costs no look
 * at the database; a revocation takes it out. Misses that come together are one query.
 */
export interface PatBook {
  /** The verdict, at once where the token is in the book. */
  readonly stand: (key: PatKey, now: EpochMilliseconds) => Result<FoundPat, StandingRefusal> | undefined;
  readonly look: (key: PatKey) => Promise<Result<FoundPat, StandingRefusal>>;
  /** Takes these tokens out of the book, so that they are read again. */
  readonly forget: (concerned: (pat: PatAtDoor) => boolean) => void;
  /** Notes that a token was used. Written later, with others. */
  readonly use: (found: FoundPat, now: EpochMilliseconds, address: string | undefined) => void;
  readonly flushUses: () => Promise<void>;
}

/** How long what was read from the table is used, if no revocation comes. Milliseconds. */
const keptFor = 60_000;
const maxEntries = 20_000;
/** How long a look at the table may take. Milliseconds. */
const patience = 2000;
/** A use is noted again after so long. Milliseconds. */
const coarse = 60_000;

interface Entry {
  readonly found: FoundPat;
  readonly readAt: EpochMilliseconds;
}

export function openPatBook(parts: {
  readonly repository: Pick<PatRepository, 'lookUp' | 'lookUpOne' | 'touch'>;
  readonly revocations: Pick<Revocations, 'hears' | 'listensNow'>;
  readonly clock: Clock;
}): PatBook {
  const { repository, revocations, clock } = parts;
  const entries = new Map<PatKey, Entry>();
  const uses = new Map<PatId, PatUse>();
  let batch: { readonly keys: PatKey[]; readonly found: Promise<readonly FoundPat[]> } | undefined;
  // What is revoked while a query is under way must not be put into the book by its answer.
  let generation = 0;

  const judge = (found: FoundPat, now: EpochMilliseconds): Result<FoundPat, StandingRefusal> => {
    const { pat, owner, former } = found;
    const second = secondsOf(now);
    if (second >= pat.expiresAt || (former && second >= (pat.formerUntil ?? 0))) return refuse({ why: 'pat-expired' });
    if (owner === undefined) return ok(found);
    if (owner.state !== 'active') return refuse({ why: 'pat-owner', state: owner.state });
    // A secret made before its owner was logged out everywhere; a second is all that the identity provider tells apart.
    // Of the one before a rotation no more is known than that it is no older than the token.
    if ((former ? pat.createdAt : pat.issuedAt) < owner.notBefore * 1000)
      return refuse({ why: 'pat-owner', state: 'logged-out' });
    return ok(found);
  };

  const keep = (key: PatKey, entry: Entry): void => {
    entries.delete(key);
    entries.set(key, entry);
    if (entries.size <= maxEntries) return;
    const [oldest] = entries.keys();
    if (oldest !== undefined) entries.delete(oldest);
  };

  /** Where one query costs less than waiting for others to share it: a database in this process, which cannot be cut off. */
  const askAlone = (
    key: PatKey,
    lookUpOne: NonNullable<PatRepository['lookUpOne']>,
  ): FoundPat | undefined | 'broken' | Promise<FoundPat | undefined | 'broken'> => {
    try {
      const found = lookUpOne(key);
      return found instanceof Promise ? found.catch(() => 'broken' as const) : found;
    } catch {
      return 'broken';
    }
  };

  /** One query for all that is asked for until the event loop comes round. */
  const ask = async (key: PatKey): Promise<FoundPat | undefined> => {
    if (batch === undefined || batch.keys.length >= 500) {
      const keys: PatKey[] = [];
      const found = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
        if (batch?.keys === keys) batch = undefined;
        return repository.lookUp(keys);
      });
      batch = { keys, found };
    }
    batch.keys.push(key);
    return (await batch.found).find((one) => one.key === key);
  };

  return {
    stand(key, now) {
      if (!revocations.hears(now)) return undefined;
      const entry = entries.get(key);
      if (entry === undefined || now - entry.readAt > keptFor) return undefined;
      return judge(entry.found, now);
    },
    async look(key) {
      if (!revocations.hears(clock()) && !(await revocations.listensNow())) return refuse({ why: 'pat-unheard' });
      for (let attempt = 0; attempt < 5; attempt++) {
        const asked = generation;
        const readAt = clock();
        const { lookUpOne } = repository;
        const answer =
          lookUpOne === undefined ? inTime(ask(key).catch(() => 'broken' as const)) : askAlone(key, lookUpOne);
        const found = answer instanceof Promise ? await answer : answer;
        if (found === 'broken' || !revocations.hears(clock())) return refuse({ why: 'pat-unheard' });
        if (found === undefined) return refuse({ why: 'pat-unknown' });
        // Something was revoked while the query was under way: it may have read the table before that.
        if (asked !== generation) continue;
        keep(key, { found, readAt });
        return judge(found, clock());
      }
      return refuse({ why: 'pat-unheard' });
    },
    forget(concerned) {
      generation += 1;
      for (const [key, { found }] of entries) if (concerned(found.pat)) entries.delete(key);
    },
    use({ pat }, now, address) {
      const last = uses.get(pat.id);
      if (now - (last?.at ?? pat.lastUsedAt ?? 0) < coarse && (last?.address ?? pat.lastAddress) === address) return;
      uses.set(pat.id, { id: pat.id, at: now, address });
    },
    async flushUses() {
      const noted = [...uses.values()];
      uses.clear();
      await repository.touch(noted);
    },
  };
}

/** A database that is cut off says nothing at all: whoever waits for it is told so. */
async function inTime<Value>(answer: Promise<Value>): Promise<Value | 'broken'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'broken'>((resolve) => {
    timer = setTimeout(() => resolve('broken'), patience);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
