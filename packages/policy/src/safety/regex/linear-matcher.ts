import { ok, type Result, refuse } from '@keyturn/protocol';
import { isWord } from './characters.ts';
import { readPattern } from './read-pattern.ts';
import { type CharTest, type Pattern, PatternFault, type Place } from './syntax.ts';

/** Whether a text holds the pattern anywhere. `spend` is called with the steps that were taken, and may throw to stop. */
export type Matcher = (text: string, spend: (steps: number) => void) => boolean;

export interface MatcherFault {
  readonly message: string;
  /** UTF-16 units of the pattern. */
  readonly at: number;
}

type Step =
  | { readonly op: 'char'; readonly ascii: Uint8Array; readonly test: CharTest; readonly next: number }
  | { readonly op: 'place'; readonly at: Place; readonly next: number }
  | { readonly op: 'split'; readonly next: number; readonly other: number }
  | { readonly op: 'match' };

/** Steps of a program. x{1000} alone is a thousand, and each step costs time at every character of a text. */
const maxSteps = 3000;

/**
 * A matcher that reads a text once, whatever the pattern: it follows all ways at the same time (Thompson 1968), so that
 * `(a+)+$` costs what `a+$` costs. Time is at most the length of the text times the steps of the pattern.
 */
export function createMatcher(source: string): Result<Matcher, MatcherFault> {
  let program: readonly Step[];
  try {
    program = buildProgram(readPattern(source));
  } catch (error) {
    if (error instanceof PatternFault) return refuse({ message: error.message, at: error.at });
    throw error;
  }
  return ok((text, spend) => run(program, text, spend));
}

function buildProgram(pattern: Pattern): readonly Step[] {
  const steps: Step[] = [{ op: 'match' }];
  const add = (step: Step): number => {
    if (steps.length >= maxSteps) throw new PatternFault('this pattern repeats too much', 0);
    return steps.push(step) - 1;
  };
  /** Builds backwards: where to go on is known before what leads there. Returns the entry. */
  const build = (part: Pattern, next: number): number => {
    switch (part.kind) {
      case 'char':
        return add({
          op: 'char',
          ascii: Uint8Array.from({ length: 128 }, (_, c) => Number(part.test(c))),
          test: part.test,
          next,
        });
      case 'place':
        return add({ op: 'place', at: part.at, next });
      case 'sequence':
        return part.items.reduceRight((after, item) => build(item, after), next);
      case 'either':
        return part.items
          .map((item) => build(item, next))
          .reduceRight((other, entry) => add({ op: 'split', next: entry, other }));
      case 'repeat': {
        let entry = next;
        if (part.max === Number.POSITIVE_INFINITY) {
          const loop = add({ op: 'match' });
          const body = build(part.item, loop);
          steps[loop] = { op: 'split', next: body, other: next };
          entry = loop;
        } else {
          for (let i = part.min; i < part.max; i += 1)
            entry = add({ op: 'split', next: build(part.item, entry), other: next });
        }
        for (let i = 0; i < part.min; i += 1) entry = build(part.item, entry);
        return entry;
      }
    }
  };
  const entry = build(pattern, 0);
  // The entry goes last, so that a run knows where to begin.
  return entry === steps.length - 1 ? steps : [...steps, { op: 'split', next: entry, other: entry }];
}

/** Steps between two reports to `spend`. */
const reportEvery = 4096;

function run(program: readonly Step[], text: string, spend: (steps: number) => void): boolean {
  const entry = program.length - 1;
  /** At which character a step was last put on the list: each is followed once a character. */
  const seen = new Int32Array(program.length).fill(-1);
  let current: number[] = [];
  let next: number[] = [];
  let taken = 0;
  const pending: number[] = [];

  /** Follows everything that reads no character. Returns whether the match is reached. */
  const follow = (from: number, list: number[], at: number): boolean => {
    pending.push(from);
    for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
      taken += 1;
      const step = program[index];
      if (step === undefined || seen[index] === at) continue;
      seen[index] = at;
      if (step.op === 'match') {
        pending.length = 0;
        return true;
      }
      if (step.op === 'char') list.push(index);
      else if (step.op === 'split') pending.push(step.other, step.next);
      else if (isAt(step.at, text, at)) pending.push(step.next);
    }
    return false;
  };

  for (let at = 0; ; ) {
    if (follow(entry, current, at)) return true;
    if (at >= text.length) {
      spend(taken);
      return false;
    }
    const char = text.codePointAt(at) ?? 0;
    const after = at + (char > 0xff_ff ? 2 : 1);
    next.length = 0;
    for (const index of current) {
      const step = program[index];
      if (
        step?.op === 'char' &&
        (char < 128 ? step.ascii[char] === 1 : step.test(char)) &&
        follow(step.next, next, after)
      )
        return true;
    }
    taken += current.length;
    if (taken > reportEvery) {
      spend(taken);
      taken = 0;
    }
    [current, next] = [next, current];
    at = after;
  }
}

function isAt(place: Place, text: string, at: number): boolean {
  switch (place) {
    case 'text-start':
      return at === 0;
    case 'text-end':
      return at === text.length;
    case 'line-start':
      return at === 0 || text[at - 1] === '\n';
    case 'line-end':
      return at === text.length || text[at] === '\n';
    case 'word-edge':
      return isEdge(text, at);
    case 'no-word-edge':
      return !isEdge(text, at);
  }
}

function isEdge(text: string, at: number): boolean {
  return isWord(text.charCodeAt(at - 1)) !== isWord(text.charCodeAt(at));
}
