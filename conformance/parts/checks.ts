/** Counts what holds, and says what does not. */
export interface Checks {
  readonly that: (what: string, holds: boolean, got?: unknown) => void;
  readonly passed: () => number;
  readonly failed: () => readonly string[];
}

export function keepChecks(say: (text: string) => void): Checks {
  let passed = 0;
  const failed: string[] = [];
  return {
    that(what, holds, got) {
      if (holds) {
        passed += 1;
        return;
      }
      failed.push(what);
      say(`FAILED ${what}${got === undefined ? '' : `: got ${typeof got === 'string' ? got : JSON.stringify(got)}`}`);
    },
    passed: () => passed,
    failed: () => failed,
  };
}
