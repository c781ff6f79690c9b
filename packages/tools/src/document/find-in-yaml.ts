import { CORE_SCHEMA, EVENT_ID, type Event, getScalarValue, type LoadOptions, mergeTag, parseEvents } from 'js-yaml';
import { documentLimits } from './limits.ts';

/** How YAML is read: JSON's types and merge keys, and limits on what can be made large with little text. */
export const yamlOptions: LoadOptions = {
  schema: CORE_SCHEMA.withTags(mergeTag),
  maxDepth: documentLimits.depth,
  maxAliases: 50_000,
  maxTotalMergeKeys: 50_000,
};

/** The offset of what `path` leads to in YAML text that is known to be well formed, or of the nearest thing above it. */
export function findInYaml(text: string, path: readonly (string | number)[]): number {
  const events = parseEvents(text, { maxDepth: documentLimits.depth });
  let at = 1;
  for (const step of path) {
    const found = findChild(text, events, at, step);
    if (found === undefined) break;
    at = found;
  }
  return offsetOf(events[at]);
}

/** The index of the event that begins the member or item, or undefined. */
function findChild(text: string, events: readonly Event[], parent: number, step: string | number): number | undefined {
  const type = events[parent]?.type;
  if (type !== EVENT_ID.MAPPING && type !== EVENT_ID.SEQUENCE) return undefined;
  let at = parent + 1;
  for (let index = 0; events[at]?.type !== EVENT_ID.POP; index += 1) {
    const key = events[at];
    if (key === undefined) return undefined;
    if (type === EVENT_ID.SEQUENCE) {
      if (index === Number(step)) return at;
    } else {
      at = skip(events, at);
      if (key.type === EVENT_ID.SCALAR && getScalarValue(text, key) === String(step)) return at;
    }
    at = skip(events, at);
  }
  return undefined;
}

/** The index after the node that begins here. */
function skip(events: readonly Event[], start: number): number {
  let depth = 0;
  for (let at = start; at < events.length; at += 1) {
    const type = events[at]?.type;
    if (type === EVENT_ID.MAPPING || type === EVENT_ID.SEQUENCE) depth += 1;
    else if (type === EVENT_ID.POP) depth -= 1;
    if (depth === 0) return at + 1;
  }
  return events.length;
}

function offsetOf(event: Event | undefined): number {
  if (event === undefined) return 0;
  if (event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE) return event.start;
  if (event.type === EVENT_ID.SCALAR) return event.valueStart;
  return event.type === EVENT_ID.ALIAS ? event.anchorStart : 0;
}
