/** Where a text stops being JSON, and why. Offsets count UTF-16 units from 0. */
export interface JsonFault {
  readonly offset: number;
  readonly message: string;
}

/**
 * The first place where a text is no JSON (RFC 8259), or undefined if it is. V8's own error leaves the position out
 * of half of its messages, and a person who looks for a comment in a thousand lines needs it.
 */
export function findJsonFault(text: string): JsonFault | undefined {
  const scanner = new Scanner(text);
  try {
    scanner.value(0);
    scanner.space();
    scanner.fail(scanner.at < text.length ? 'nothing may follow the value' : undefined);
    return undefined;
  } catch (error) {
    if (error instanceof Stop) return error.fault;
    throw error;
  }
}

class Stop extends Error {
  readonly fault: JsonFault;
  constructor(fault: JsonFault) {
    super(fault.message);
    this.fault = fault;
  }
}

class Scanner {
  at = 0;
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }

  fail(message: string | undefined): void {
    if (message !== undefined) throw new Stop({ offset: this.at, message: this.#comment() ?? message });
  }

  space(): void {
    while (/[ \t\r\n]/.test(this.#text[this.at] ?? '')) this.at++;
  }

  value(depth: number): void {
    this.space();
    if (depth > 200) this.fail('nested too deeply');
    const first = this.#text[this.at];
    if (first === '{') this.#members(depth, '}', true);
    else if (first === '[') this.#members(depth, ']', false);
    else if (first === '"')
      this.#take(
        /"(?:[^"\\\p{Cc}]|\x7f|[\x80-\x9f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy,
        'this text is not closed, or holds a character that JSON escapes',
      );
    else
      this.#take(
        /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])/y,
        first === undefined ? 'the text ends too early' : 'a value is expected here',
      );
  }

  #members(depth: number, close: string, named: boolean): void {
    this.at++;
    this.space();
    if (this.#text[this.at] === close) {
      this.at++;
      return;
    }
    for (;;) {
      if (named) {
        this.space();
        if (this.#text[this.at] !== '"') this.fail('a member name in double quotes is expected here');
        this.value(depth);
        this.space();
        this.#expect(':', '":" is expected here');
      }
      this.value(depth + 1);
      this.space();
      if (this.#text[this.at] === close) break;
      this.#expect(',', `"," or "${close}" is expected here`);
    }
    this.at++;
  }

  #expect(character: string, message: string): void {
    if (this.#text[this.at] !== character) this.fail(message);
    this.at++;
  }

  #take(pattern: RegExp, message: string): void {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.#text)) this.fail(message);
    this.at = pattern.lastIndex;
  }

  #comment(): string | undefined {
    return /^\s*(?:\/\/|\/\*|#)/.test(this.#text.slice(this.at, this.at + 200)) ? 'JSON has no comments' : undefined;
  }
}
