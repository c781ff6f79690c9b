import { nearestName } from '@keyturn/net';
import { isJsonObject, type Json, type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import type { ErrorObject } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import type { Tool } from '../tool.ts';
import { type Check, compileBounded } from './bounded-check.ts';
import { guardedPattern } from './guarded-pattern.ts';

/** One thing that is wrong with a call's arguments. */
export interface ArgumentFault {
  /** JSON pointer to what is wrong, from the arguments down; the name that is missing or unknown included. RFC 6901. */
  readonly pointer: string;
  readonly message: string;
  /** For an unknown name: the known one that was probably meant. */
  readonly nearest?: string;
}

/** The most faults that are listed. */
const maxFaults = 20;
const tooMuchWork = 'takes too many steps to be checked by the schema of this tool: send less, or nest it less deeply';

/**
 * Whether the arguments fit the tool's schema. Nothing is changed: no defaults are filled in and `"5"` is no number.
 * What is returned is what was given.
 */
export function checkArguments(tool: Tool, args: unknown): Result<JsonObject, readonly ArgumentFault[]> {
  const given = args ?? {};
  if (!isJsonObject(given)) return refuse([{ pointer: '', message: 'the arguments must be an object' }]);
  const faults = checkAgainst(tool.hash, tool.inputSchema, given, 'input');
  return faults.length === 0 ? ok(given) : refuse(faults);
}

/** Where a structured result is not what the tool promises; nothing where it promises nothing. */
export function checkResult(tool: Pick<Tool, 'hash' | 'outputSchema'>, structured: Json): readonly ArgumentFault[] {
  return tool.outputSchema === undefined ? [] : checkAgainst(tool.hash, tool.outputSchema, structured, 'output');
}

/** Faults of a value by a schema; none if it fits. `key` names the schema: it is compiled once for each. */
export function checkAgainst(
  key: string,
  schema: JsonObject,
  value: Json,
  part: 'input' | 'output',
): readonly ArgumentFault[] {
  const check = compiled(`${part}:${key}`, schema);
  if (check === undefined) return [{ pointer: '', message: 'the schema of this tool cannot be compiled' }];
  let errors: ReturnType<Check>;
  try {
    errors = check(value);
  } catch (error) {
    // A schema that holds itself in the same place (`allOf` of itself), or a value nested thousands of times.
    if (!(error instanceof RangeError)) throw error;
    return [{ pointer: '', message: 'is nested too deeply to be checked' }];
  }
  // What nobody has checked does not go to an upstream. An answer is on its way already, and there it says less.
  if (errors === 'too-much-work') return part === 'output' ? [] : [{ pointer: '', message: tooMuchWork }];
  if (errors.length === 0) return [];
  const faults = new Map<string, ArgumentFault>();
  for (const error of errors) {
    // There may be as many as there is room for in a body, and describing one may cost a search for the nearest name.
    if (faults.size === maxFaults) break;
    const fault = describeError(error);
    faults.set(`${fault.pointer}\n${fault.message}`, fault);
  }
  return [...faults.values()];
}

// A memo of a pure function, not state: the same schema always compiles to the same check. Bounded, oldest first.
const memo = new Map<string, Check | undefined>();
const maxMemo = 2000;

function compiled(key: string, schema: JsonObject): Check | undefined {
  if (memo.has(key)) return memo.get(key);
  if (memo.size >= maxMemo) {
    for (const oldest of memo.keys()) {
      memo.delete(oldest);
      break;
    }
  }
  const check = compile(schema);
  memo.set(key, check);
  return check;
}

function compile(schema: JsonObject): Check | undefined {
  // One instance a schema: ajv keeps all that it ever compiled, and this way the memo's bound is the only one.
  const ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    verbose: true,
    validateSchema: false,
    logger: false,
    code: { regExp: guardedPattern },
  });
  ajvFormats.default(ajv);
  try {
    return compileBounded(ajv, schema);
  } catch {
    return undefined;
  }
}

function describeError(error: ErrorObject): ArgumentFault {
  const { instancePath, keyword, params } = error;
  const at = (name: unknown) => `${instancePath}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;
  switch (keyword) {
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const name = String(params['additionalProperty'] ?? params['unevaluatedProperty']);
      const known = isJsonObject(error.parentSchema?.['properties'])
        ? Object.keys(error.parentSchema['properties'])
        : [];
      const nearest = nearestName(name, known);
      const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`;
      return { pointer: at(name), message: `is not known${hint}`, ...(nearest === undefined ? {} : { nearest }) };
    }
    case 'required':
      return { pointer: at(params['missingProperty']), message: 'is required' };
    case 'enum':
      return { pointer: instancePath, message: `must be one of ${list(params['allowedValues'])}` };
    case 'const':
      return { pointer: instancePath, message: `must be ${JSON.stringify(params['allowedValue'])}` };
    case 'type':
      return { pointer: instancePath, message: `must be ${[params['type']].flat().join(' or ')}` };
    default:
      return { pointer: instancePath, message: error.message ?? `breaks ${keyword}` };
  }
}

function list(values: unknown): string {
  const all = Array.isArray(values) ? values.map((value) => JSON.stringify(value)) : [];
  return all.length > 10 ? `${all.slice(0, 10).join(', ')}, …` : all.join(', ');
}
