/** What one place of a text must be, or what must be read of it. */
export type Pattern =
  | { readonly kind: 'char'; readonly test: CharTest }
  | { readonly kind: 'place'; readonly at: Place }
  | { readonly kind: 'sequence'; readonly items: readonly Pattern[] }
  | { readonly kind: 'either'; readonly items: readonly Pattern[] }
  | { readonly kind: 'repeat'; readonly item: Pattern; readonly min: number; readonly max: number };

export type CharTest = (codePoint: number) => boolean;
export type Place = 'text-start' | 'text-end' | 'line-start' | 'line-end' | 'word-edge' | 'no-word-edge';

/** Thrown while a pattern is read; `at` counts UTF-16 units of the pattern. */
export class PatternFault extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}
