/** More different texts than the clients of an issuer usually have; beyond it the memory starts anew. */
const maxTexts = 256;

/**
 * Remembers what was built of a text. Scopes and audiences are the same few texts in token after token of a client, and
 * to find what they mean again is cheaper than to take them apart again. What is built is shared, so it must be frozen.
 */
export function remembering<Value>(build: (text: string) => Value): (text: string) => Value {
  const known = new Map<string, Value>();
  // That of last time is compared: to look a new text up, the engine hashes it and finds it among all of its own first.
  let last: { readonly text: string; readonly value: Value } | undefined;
  return (text) => {
    if (text === last?.text) return last.value;
    let value = known.get(text);
    if (value === undefined) {
      value = build(text);
      if (known.size >= maxTexts) known.clear();
      known.set(text, value);
    }
    last = { text, value };
    return value;
  };
}
