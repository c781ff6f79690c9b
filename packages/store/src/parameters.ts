/**
 * Parameters as both databases take them: PostgreSQL refuses NUL in text, even in a question, where whoever asks should
 * simply find nothing. It is kept, and asked for, as U+FFFD, which stands for what is no character.
 */
export function withoutNul<Value>(parameters: readonly Value[]): readonly (Value | string)[] {
  if (!parameters.some(holdsNul)) return parameters;
  return parameters.map((value) => (holdsNul(value) ? String(value).replaceAll('\0', '\ufffd') : value));
}

function holdsNul(value: unknown): boolean {
  return typeof value === 'string' && value.includes('\0');
}
