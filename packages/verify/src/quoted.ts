/** Longer texts are cut. */
const longest = 200;

/** What ends a line, moves the cursor, changes colours or turns the direction of what follows. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * A text from outside as a quotation for people: cut, and with everything escaped that is not plainly visible, so that it
 * can neither forge a line of the log nor drive the terminal that shows it. JSON leaves DEL, the C1 controls and the marks
 * of direction as they are.
 */
export function quoted(text: string | undefined): string {
  if (text === undefined) return '(none)';
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return JSON.stringify(cut).replaceAll(unprintable, escaped);
}

/** Several, as many as a person reads; `none` where there are none. */
export function quotedList(texts: readonly string[], none = '(nobody)'): string {
  if (texts.length === 0) return none;
  const shown = texts.slice(0, 10).map(quoted).join(', ');
  return texts.length > 10 ? `${shown} and ${texts.length - 10} more` : shown;
}

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`;
}
