import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import type { Ajv, ErrorObject, SchemaValidateFunction } from 'ajv';
import { canonicalJson } from '../catalogue/canonical-json.ts';

/** The errors of a value, none if it fits; or that it was given up. */
export type Check = (value: Json) => readonly ErrorObject[] | 'too-much-work';

/** References that are followed while one value is checked: some hundred milliseconds at worst. */
const maxSteps = 200_000;

/**
 * A check by a schema that a stranger wrote of a value that another stranger chose, whose work is bounded: by the square
 * of a list's length (`uniqueItems`, `enum` of objects) or by a power of its depth (a recursive `oneOf` tries each of its
 * branches on each level) it could hold everybody else up for minutes. Where the bound is met the check is given up.
 * Throws where the schema does not compile.
 */
export function compileBounded(ajv: Ajv, schema: JsonObject): Check {
  const work = { left: 0 };
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({ keyword: 'uniqueItems', type: 'array', schemaType: 'boolean', compile: checkUnique });
  ajv.removeKeyword('enum');
  ajv.addKeyword({ keyword: 'enum', schemaType: 'array', compile: checkEnum });
  ajv.addKeyword({
    keyword: stepKeyword,
    schema: false,
    validate: () => {
      work.left -= 1;
      if (work.left < 0) throw new TooMuchWork();
      return true;
    },
  });
  const validate = ajv.compile(countReferences(schema, false));
  return (value) => {
    work.left = maxSteps;
    try {
      return validate(value) ? [] : (validate.errors ?? []);
    } catch (error) {
      if (error instanceof TooMuchWork) return 'too-much-work';
      throw error;
    }
  };
}

class TooMuchWork extends Error {}

/** No keyword of anybody's: it marks what is counted. */
const stepKeyword = 'x-keyturn-step';

const literal: ReadonlySet<string> = new Set(['enum', 'const', 'default', 'examples', 'example']);
/** Members whose own members have names that somebody chose. */
const named: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  'dependentSchemas',
  'dependencies',
  '$defs',
  'definitions',
]);

/** The schema with each reference marked: whatever recurs does so by one. */
function countReferences(schema: JsonObject, isNames: boolean): JsonObject {
  const out: Record<string, Json | undefined> = {};
  for (const [key, value] of Object.entries(schema)) {
    const keeps = !isNames && literal.has(key);
    out[key] = keeps || value === undefined ? value : countIn(value, !isNames && named.has(key));
  }
  const refers = [schema['$ref'], schema['$dynamicRef']].some((ref) => typeof ref === 'string');
  return refers && !isNames ? { ...out, [stepKeyword]: true } : out;
}

function countIn(value: Json, isNames: boolean): Json {
  if (Array.isArray(value)) return value.map((part: Json) => countIn(part, false));
  return isJsonObject(value) ? countReferences(value, isNames) : value;
}

function checkUnique(isWanted: boolean): SchemaValidateFunction {
  const check: SchemaValidateFunction = (items: readonly unknown[]) => {
    if (!isWanted || new Set(items.map(canonicalJson)).size === items.length) return true;
    check.errors = [{ keyword: 'uniqueItems', params: {}, message: 'must NOT have duplicate items' }];
    return false;
  };
  return check;
}

function checkEnum(allowedValues: readonly unknown[]): SchemaValidateFunction {
  const allowed = new Set(allowedValues.map(canonicalJson));
  const check: SchemaValidateFunction = (value: unknown) => {
    if (allowed.has(canonicalJson(value))) return true;
    check.errors = [
      { keyword: 'enum', params: { allowedValues }, message: 'must be equal to one of the allowed values' },
    ];
    return false;
  };
  return check;
}
