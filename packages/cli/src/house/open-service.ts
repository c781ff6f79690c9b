import { readFile } from 'node:fs/promises';
import { type Clock, epochMilliseconds } from '@keyturn/protocol';
import { compose, createLog, settingsSchema, systemRandom } from '@keyturn/server';

/** Settings by section, such as `{ http: { port: 0 } }`. */
export type Sections = Readonly<Record<string, object>>;

/** Each section of the second merged over that of the first. */
export function mergeSections(base: Sections, over: Sections = {}): Sections {
  const merged = { ...base };
  for (const [section, values] of Object.entries(over)) merged[section] = { ...merged[section], ...values };
  return merged;
}

/** A clock that a test can move. */
export interface TestClock {
  readonly clock: Clock;
  readonly advance: (seconds: number) => void;
}

export function createTestClock(): TestClock {
  let offset = 0;
  return {
    clock: () => epochMilliseconds(Date.now() + offset * 1000),
    advance: (seconds) => {
      offset += seconds;
    },
  };
}

/** Keyturn as it is composed for `keyturn serve`, in this process, for tests. Throws where it refuses to start. */
export async function openService(sections: Sections, clock: Clock) {
  const lines: string[] = [];
  const log = createLog({ level: 'trace', destination: { write: (line) => void lines.push(line) } });
  const service = await compose(settingsSchema.parse(mergeSections(sections, { log: { level: 'trace' } })), {
    clock,
    random: systemRandom,
    log,
    version: 'test',
    readFile: (path) => readFile(path, 'utf8'),
  });
  if (!service.ok) throw new Error(JSON.stringify(service.refusal));
  return {
    ...(await service.value.listen()),
    /** Everything that was logged, as lines of JSON. */
    log: () => lines.join(''),
    close: () => service.value.close(),
  };
}

/** An answer as tests look at it; `body` is empty unless it is JSON. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export async function readReply(response: Response): Promise<Reply> {
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: readJson(text) };
}

function readJson(text: string): Reply['body'] {
  try {
    // Tests say what they expect in it.
    return JSON.parse(text) as Reply['body'];
  } catch {
    return {};
  }
}
