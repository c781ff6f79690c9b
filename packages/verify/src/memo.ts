/** More different texts than the clients of an issuer usually have; beyond it the memory starts anew. */
const maxTexts = 256;

/**
 * Remembers what was built of a text. Scopes and audiences are the same few texts in token after token of a client, and
 * to find what they mean again is cheaper than to take them apart again. What is built is shared, so it must be frozen.
 */
export function remembering<Value>(build: (text: string) => Value): (text: string) => Value {
  const known = new Map<string, Value>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const built = build(text);
    if (known.size >= maxTexts) known.clear();
    known.set(text, built);
    return built;
  };
}
