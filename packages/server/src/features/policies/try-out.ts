import type {
  CompiledPolicy,
  CountReading,
  SafetyDecision,
  SafetyEngine,
  SafetyInput,
  SafetyPolicy,
} from '@keyturn/policy';
import { ok, type Result, refuse } from '@keyturn/protocol';
import { judgeInput } from './decision-point.ts';
import type { PolicyRefusal } from './refusals.ts';
import type { Takes } from './takes.ts';

/** An agent request of the past, as it was judged then. Whoever keeps requests fills the port that gives these. */
export interface PastRequest {
  readonly name: string;
  readonly input: SafetyInput;
  /** What was decided, and by which policies. */
  readonly effect: SafetyDecision['effect'];
  readonly policyVersion: string;
}

/** Requests from the oldest to the newest: `from` inclusive, `to` exclusive, in epoch milliseconds. */
export type PastRequests = (range: {
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}) => Promise<readonly PastRequest[]>;

/** Of one request: what was decided then, and what the draft decides. */
export interface ReplayedRequest {
  readonly request: PastRequest;
  readonly after: SafetyDecision;
}

/** The policies in force with drafts in the places of those that have their names; or the drafts alone. */
export function withDrafts(
  engine: SafetyEngine,
  current: readonly CompiledPolicy[],
  drafts: readonly SafetyPolicy[],
  alone: boolean,
): Result<readonly CompiledPolicy[], PolicyRefusal> {
  const made: CompiledPolicy[] = [];
  for (const draft of drafts) {
    const before = current.find(({ name }) => name === draft.metadata.name);
    const compiled = engine.compile(draft, (before?.version ?? 0) + 1);
    if (!compiled.ok) return refuse({ why: 'bad-policy', faults: compiled.refusal });
    made.push(compiled.value);
  }
  const names = new Set(made.map(({ name }) => name));
  const kept = alone ? [] : current.filter(({ name }) => !names.has(name));
  return ok([...kept, ...made].sort((a, b) => (a.name < b.name ? -1 : 1)));
}

/** Judges past requests by other policies, each at the moment it was made. Limits count what these policies let through. */
export async function replay(
  engine: SafetyEngine,
  policies: readonly CompiledPolicy[],
  past: readonly PastRequest[],
  byDefault: 'allow' | 'deny',
): Promise<readonly ReplayedRequest[]> {
  const takes = takesInMemory();
  const replayed: ReplayedRequest[] = [];
  for (const request of past) {
    const after = await judgeInput({ engine, takes }, policies, request.input, { byDefault, count: 'take' });
    replayed.push({ request, after });
    // A replay of thousands must not hold up everybody else.
    if (replayed.length % 50 === 0) await new Promise(setImmediate);
  }
  return replayed;
}

/** Limits for a replay: they count what is replayed, and nothing of it lasts. */
function takesInMemory(): Takes {
  const taken = new Map<string, number[]>();
  const read: Takes['peek'] = async (wanted, now) => {
    const readings = new Map<string, CountReading>();
    for (const { key, limit, windowMs } of wanted) {
      const within = (taken.get(key) ?? []).filter((at) => at > now - windowMs);
      taken.set(key, within);
      readings.set(key, { fits: within.length < limit, count: within.length });
    }
    return readings;
  };
  return {
    peek: read,
    async take(wanted, now, proceeds) {
      const readings = await read(wanted, now);
      if (proceeds(readings))
        for (const { key } of wanted) if (readings.get(key)?.fits === true) taken.get(key)?.push(now);
      return readings;
    },
  };
}
