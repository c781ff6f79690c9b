import { classes, escapes, folded, not, unicodeClass } from './characters.ts';
import { type CharTest, type Pattern, PatternFault } from './syntax.ts';

interface Flags {
  readonly ignoreCase: boolean;
  readonly dotAll: boolean;
  readonly multiline: boolean;
}

/** UTF-16 units of a pattern. */
export const maxPatternLength = 1000;
const maxGroups = 50;
const maxRepeat = 1000;

/**
 * Reads the syntax of RE2, the one that CEL asks for: no back references and no look-around, which no automaton can do.
 * Throws `PatternFault`.
 */
export function readPattern(source: string): Pattern {
  if (source.length > maxPatternLength)
    throw new PatternFault(`a pattern is at most ${maxPatternLength} characters`, maxPatternLength);
  return new PatternReader(source).readAll();
}

class PatternReader {
  readonly #source: string;
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
  }

  readAll(): Pattern {
    const pattern = this.#readEither({ ignoreCase: false, dotAll: false, multiline: false });
    if (this.#at < this.#source.length) throw new PatternFault('there is no group to close here', this.#at);
    return pattern;
  }

  #readEither(outer: Flags): Pattern {
    let flags = outer;
    const branches: Pattern[] = [];
    let items: Pattern[] = [];
    for (;;) {
      const next = this.#source[this.#at];
      if (next === undefined || next === ')') break;
      if (next === '|') {
        this.#at += 1;
        branches.push({ kind: 'sequence', items });
        items = [];
        continue;
      }
      const set = this.#readFlags(flags);
      if (set === undefined) items.push(this.#readRepeats(this.#readAtom(flags)));
      else flags = set;
    }
    branches.push({ kind: 'sequence', items });
    const [only] = branches;
    return branches.length === 1 && only !== undefined ? only : { kind: 'either', items: branches };
  }

  /** `(?i)` and the like, which hold to the end of the group they stand in. */
  #readFlags(flags: Flags): Flags | undefined {
    const found = this.#match(/\(\?([ismU]*)(?:-([ismU]+))?\)/y);
    return found === undefined ? undefined : changed(flags, found[1], found[2]);
  }

  #readAtom(flags: Flags): Pattern {
    const at = this.#at;
    const char = this.#take();
    switch (char) {
      case '(':
        return this.#readGroup(flags, at);
      case '[':
        return this.#char(this.#readClass(at), flags);
      case '.':
        return { kind: 'char', test: flags.dotAll ? () => true : (c) => c !== 10 };
      case '^':
        return { kind: 'place', at: flags.multiline ? 'line-start' : 'text-start' };
      case '$':
        return { kind: 'place', at: flags.multiline ? 'line-end' : 'text-end' };
      case '*':
      case '+':
      case '?':
        throw new PatternFault(`there is nothing that ${char} could repeat`, at);
      case '\\':
        return this.#readEscape(flags, at);
      default: {
        const code = char.codePointAt(0);
        return this.#char((c) => c === code, flags);
      }
    }
  }

  #readGroup(flags: Flags, at: number): Pattern {
    let inner = flags;
    if (this.#source[this.#at] === '?') {
      const named = this.#match(/\?P?<[A-Za-z_]\w{0,63}>/y);
      const plain = named ?? this.#match(/\?([ismU]*)(?:-([ismU]+))?:/y);
      if (plain === undefined) throw new PatternFault('RE2 has no look-around and no other group of this form', at);
      if (named === undefined) inner = changed(flags, plain[1], plain[2]);
    }
    this.#depth += 1;
    if (this.#depth > maxGroups) throw new PatternFault(`groups are nested deeper than ${maxGroups}`, at);
    const pattern = this.#readEither(inner);
    this.#depth -= 1;
    if (this.#source[this.#at] !== ')') throw new PatternFault('this group is not closed', at);
    this.#at += 1;
    return pattern;
  }

  #readEscape(flags: Flags, at: number): Pattern {
    const next = this.#source[this.#at];
    switch (next) {
      case 'A':
        this.#at += 1;
        return { kind: 'place', at: 'text-start' };
      case 'z':
        this.#at += 1;
        return { kind: 'place', at: 'text-end' };
      case 'b':
        this.#at += 1;
        return { kind: 'place', at: 'word-edge' };
      case 'B':
        this.#at += 1;
        return { kind: 'place', at: 'no-word-edge' };
      default: {
        const read = this.#readEscaped(at);
        return this.#char(typeof read === 'number' ? (c) => c === read : read, flags);
      }
    }
  }

  /** After a backslash: one character, or a class of them. */
  #readEscaped(at: number): number | CharTest {
    const unicode = this.#match(/([pP])(?:\{(\^?)([^}]*)\}|([A-Z]))/y);
    if (unicode !== undefined) {
      const test = unicodeClass(unicode[3] ?? unicode[4] ?? '', at);
      return (unicode[1] === 'P') === (unicode[2] === '^') ? test : not(test);
    }
    const hex = this.#match(/x(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2}))/y);
    if (hex !== undefined) {
      const code = Number.parseInt(hex[1] ?? hex[2] ?? '', 16);
      if (code > 0x10_ff_ff) throw new PatternFault('there is no such code point', at);
      return code;
    }
    const char = this.#take();
    const test = classes.get(char) ?? escapes.get(char);
    if (test !== undefined) return test;
    if (/[0-9]/.test(char)) throw new PatternFault('RE2 has no back references', at);
    if (/[A-Za-z]/.test(char)) throw new PatternFault(`\\${char} is not in the syntax of RE2 as it is read here`, at);
    return char.codePointAt(0) ?? 0;
  }

  #readClass(start: number): CharTest {
    const negated = this.#source[this.#at] === '^';
    if (negated) this.#at += 1;
    const tests: CharTest[] = [];
    for (let first = true; ; first = false) {
      const at = this.#at;
      if (at >= this.#source.length) throw new PatternFault('this class is not closed', start);
      if (this.#source[at] === ']' && !first) break;
      const named = this.#match(/\[:(\^?)(alpha|digit|alnum|upper|lower|space|punct|word|xdigit):\]/y);
      if (named !== undefined) {
        const test = posix(named[2] ?? '');
        tests.push(named[1] === '^' ? not(test) : test);
        continue;
      }
      const from = this.#readClassMember();
      if (this.#source[this.#at] === '-' && this.#source[this.#at + 1] !== ']' && typeof from === 'number') {
        this.#at += 1;
        const to = this.#readClassMember();
        if (typeof to !== 'number' || to < from) throw new PatternFault('this range runs backwards', at);
        tests.push((c) => c >= from && c <= to);
      } else tests.push(typeof from === 'number' ? (c) => c === from : from);
    }
    this.#at += 1;
    const test: CharTest = (c) => tests.some((one) => one(c));
    return negated ? not(test) : test;
  }

  #readClassMember(): number | CharTest {
    const at = this.#at;
    const char = this.#take();
    return char === '\\' ? this.#readEscaped(at) : (char.codePointAt(0) ?? 0);
  }

  #readRepeats(atom: Pattern): Pattern {
    let pattern = atom;
    for (let times = 0; ; times += 1) {
      const at = this.#at;
      const found = this.#match(/(?:([*+?])|\{(\d{1,4})(,?)(\d{0,4})\})\??/y);
      if (found === undefined) return pattern;
      if (times > 0) throw new PatternFault('a repetition cannot be repeated without a group', at);
      const [, sign, min, comma, max] = found;
      const least = sign === undefined ? Number(min) : sign === '+' ? 1 : 0;
      const open = sign === '*' || sign === '+' || (comma === ',' && max === '');
      const most = open ? Number.POSITIVE_INFINITY : sign === '?' ? 1 : Number(max === '' ? min : max);
      if (most < least || least > maxRepeat || (most !== Number.POSITIVE_INFINITY && most > maxRepeat))
        throw new PatternFault(`a repetition is at most ${maxRepeat} times, and its bounds rise`, at);
      pattern = { kind: 'repeat', item: pattern, min: least, max: most };
    }
  }

  #char(test: CharTest, flags: Flags): Pattern {
    return { kind: 'char', test: flags.ignoreCase ? folded(test) : test };
  }

  /** One code point of the pattern. */
  #take(): string {
    const code = this.#source.codePointAt(this.#at);
    if (code === undefined) throw new PatternFault('the pattern ends in the middle of something', this.#at);
    const char = String.fromCodePoint(code);
    this.#at += char.length;
    return char;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source);
    if (found === null) return undefined;
    this.#at = pattern.lastIndex;
    return found;
  }
}

function changed(flags: Flags, on = '', off = ''): Flags {
  const is = (letter: string, before: boolean) => (on.includes(letter) || before) && !off.includes(letter);
  return {
    ignoreCase: is('i', flags.ignoreCase),
    dotAll: is('s', flags.dotAll),
    multiline: is('m', flags.multiline),
  };
}

function posix(name: string): CharTest {
  const patterns: Readonly<Record<string, RegExp>> = {
    alpha: /[A-Za-z]/,
    digit: /\d/,
    alnum: /[A-Za-z0-9]/,
    upper: /[A-Z]/,
    lower: /[a-z]/,
    space: /[\t-\r ]/,
    punct: /[!-/:-@[-`{-~]/,
    word: /\w/,
    xdigit: /[0-9A-Fa-f]/,
  };
  const one = patterns[name];
  return (c) => one?.test(String.fromCodePoint(c)) === true;
}
