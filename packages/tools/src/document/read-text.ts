import { isJsonObject, type Json, type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import { load, YAMLException } from 'js-yaml';
import { placeAt } from './code-frame.ts';
import type { DocumentRefusal, Place } from './document-refusal.ts';
import { findInJson } from './find-in-json.ts';
import { findInYaml, yamlOptions } from './find-in-yaml.ts';
import { findJsonFault } from './json-fault.ts';
import { documentLimits } from './limits.ts';

/** A text as a value, with a way back from a value's pointer to its place. */
export interface ReadText {
  readonly value: JsonObject;
  /** How many values it holds, those of aliases counted each time. */
  readonly nodes: number;
  /** The place of what a path leads to, or of the nearest thing above it. */
  placeOf(path: readonly (string | number)[]): Place | undefined;
}

type ReadValue = Omit<ReadText, 'nodes'>;

/**
 * Reads JSON or YAML. What begins with a brace is taken for JSON first, which is many times faster; what is then no
 * JSON may still be YAML's flow style. The content type does not matter: servers lie about it.
 */
export function readText(text: string, saysJson = false): Result<ReadText, DocumentRefusal> {
  const length = Buffer.byteLength(text, 'utf8');
  if (length > documentLimits.bytes) return refuse(tooLarge(`${length} bytes`, documentLimits.bytes, 'bytes'));
  const clean = text.startsWith('\ufeff') ? text.slice(1) : text;
  const read = /^\s*[{[]/.test(clean) ? readJson(clean, saysJson) : readYaml(clean);
  if (!read.ok) return read;
  const nodes = countNodes(read.value.value);
  return nodes.ok ? ok({ ...read.value, nodes: nodes.value }) : nodes;
}

function readJson(text: string, saysJson: boolean): Result<ReadValue, DocumentRefusal> {
  try {
    const value: unknown = JSON.parse(text);
    return asObject(value, (path) => {
      const offset = findInJson(text, path);
      return offset === undefined ? undefined : placeAt(text, offset);
    });
  } catch (error) {
    if (error instanceof RangeError) return refuse(tooDeep());
    // YAML's flow style allows comments, single quotes and trailing commas; what people write by hand is small. Where
    // the server says JSON, a fault of JSON is what its author wants to hear of.
    const flow = !saysJson && text.length < 1_000_000 ? readYaml(text) : undefined;
    if (flow?.ok === true) return flow;
    const fault = findJsonFault(text) ?? { message: 'it cannot be read', offset: 0 };
    return refuse({ why: 'syntax', message: fault.message, place: placeAt(text, fault.offset) });
  }
}

/**
 * YAML wants what is in brackets or quotes deeper than the block around it, to the last line (YAML 1.2.2 §7.3, §7.4). Most
 * readers do not mind, and well-known documents keep to the column of the block (Docker's). A space before such a line
 * makes it YAML and changes nothing else: white space there has no meaning.
 */
function readYaml(given: string): Result<ReadValue, DocumentRefusal> {
  let text = given;
  for (let moved = 0; ; moved += 1) {
    try {
      // Aliases become the same object many times over, so that a bomb costs nothing before its values are counted.
      const value: unknown = load(text, yamlOptions);
      return asObject(value, (path) => placeAt(text, findInYaml(text, path)));
    } catch (error) {
      if (!(error instanceof YAMLException)) throw error;
      const { reason, mark } = error;
      if (reason !== 'deficient indentation' || mark === undefined || moved === maxMoved) {
        const place = mark === undefined ? undefined : placeAt(text, mark.position);
        return refuse({ why: 'syntax', message: reason, place });
      }
      text = `${text.slice(0, mark.position)} ${text.slice(mark.position)}`;
    }
  }
}

/** Lines that are moved in one document, each of which costs another reading. */
const maxMoved = 200;

function asObject(value: unknown, placeOf: ReadText['placeOf']): Result<ReadValue, DocumentRefusal> {
  if (isJsonObject(value)) return ok({ value, placeOf });
  const kind = value === null || value === undefined ? 'empty' : Array.isArray(value) ? 'a list' : 'a single value';
  const message = `it is ${kind}, but an OpenAPI document is an object`;
  return refuse({ why: 'invalid', message, pointer: '', place: placeOf([]) });
}

/** Counts values and depth without recursion of its own. */
function countNodes(root: JsonObject): Result<number, DocumentRefusal> {
  let level: Json[] = [root];
  let nodes = 1;
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > documentLimits.depth) return refuse(tooDeep());
    const next: Json[] = [];
    for (const parent of level) {
      if (typeof parent !== 'object' || parent === null) continue;
      for (const child of Object.values(parent)) {
        nodes += 1;
        if (nodes > documentLimits.nodes) return refuse(tooLarge('more', documentLimits.nodes, 'values'));
        if (typeof child === 'object' && child !== null) next.push(child);
      }
    }
    level = next;
  }
  return ok(nodes);
}

function tooLarge(found: string, limit: number, unit: string): DocumentRefusal {
  return { why: 'too-large', message: `${found}, where ${limit} ${unit} are the limit`, limit };
}

function tooDeep(): DocumentRefusal {
  const limit = documentLimits.depth;
  return { why: 'too-large', message: `values are nested more than ${limit} deep`, limit };
}
