import { isDeepStrictEqual } from 'node:util';

/** Shows each step and holds it against what was promised. */
export interface Narrator {
  readonly chapter: (title: string) => void;
  /** Shows a line that is not judged. */
  readonly show: (text: string) => void;
  /** Shows a promise and whether it held. */
  readonly expect: (promise: string, got: unknown, wanted: unknown) => void;
  readonly score: () => { passed: number; failed: number };
}

export function createNarrator(print: (line: string) => void): Narrator {
  let passed = 0;
  let failed = 0;
  return {
    chapter: (title) => print(`\n${title}`),
    show: (text) => print(`    ${text}`),
    expect(promise, got, wanted) {
      if (isDeepStrictEqual(got, wanted)) {
        passed += 1;
        print(`  ✓ ${promise}`);
      } else {
        failed += 1;
        print(`  ✗ ${promise}\n      wanted ${JSON.stringify(wanted)}\n      got    ${JSON.stringify(got)}`);
      }
    },
    score: () => ({ passed, failed }),
  };
}
