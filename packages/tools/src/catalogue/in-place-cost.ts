/** The most that one value may be checked against by way of one definition. Real documents stay far below. */
const maxCost = 10_000;
/** The longest chain of definitions that is followed; documents have a handful. */
const maxDepth = 300;

/**
 * Whether checking one value against a definition would take forever or nearly so, because the definition refers to
 * itself for the same value, or to others that refer to others, each more than once: "billion laughs" for a validator.
 * Such a definition is left open. The answer depends on the document alone, not on what was asked before.
 */
export function createCostGuard(usesOf: (name: string) => readonly string[]): (name: string) => boolean {
  const circles = new Map<string, boolean>();
  const costs = new Map<string, number>();

  function isInCircle(name: string): boolean {
    const known = circles.get(name);
    if (known !== undefined) return known;
    const seen = new Set<string>();
    const queue = [...usesOf(name)];
    let found = false;
    for (const next of queue) {
      found = next === name || seen.size > maxCost;
      if (found) break;
      if (seen.has(next)) continue;
      seen.add(next);
      queue.push(...usesOf(next));
    }
    circles.set(name, found);
    return found;
  }

  function costOf(name: string, depth: number): number {
    const known = costs.get(name);
    if (known !== undefined) return known;
    if (isInCircle(name)) return 1;
    if (depth > maxDepth) return Number.POSITIVE_INFINITY;
    let cost = 1;
    for (const next of usesOf(name)) cost += isTooDear(next, depth + 1) ? 1 : costOf(next, depth + 1);
    costs.set(name, cost);
    return cost;
  }

  function isTooDear(name: string, depth = 0): boolean {
    return isInCircle(name) || costOf(name, depth) > maxCost;
  }

  return (name) => isTooDear(name);
}
