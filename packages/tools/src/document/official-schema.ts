import type { JsonObject } from '@keyturn/protocol';
import type { Validator } from '@seriousme/openapi-schema-validator';

/**
 * What the OpenAPI Initiative's own schema finds wrong first, as a warning; undefined if nothing, or if the document is
 * larger than is worth the seconds.
 *
 * It is a warning and no refusal: many documents that people use break some rule that tools do not care for. What tools
 * are made of is checked apart, by `checkDocument`.
 */
export async function findSchemaWarning(root: JsonObject, nodes: number): Promise<string | undefined> {
  if (nodes > maxNodes) return undefined;
  validator ??= import('@seriousme/openapi-schema-validator').then((library) => new library.Validator());
  const found = await (await validator).validate(root);
  if (found.valid) return undefined;
  if (typeof found.errors === 'string') return `By the OpenAPI schema: ${found.errors}`;
  const [first] = found.errors ?? [];
  return `By the OpenAPI schema: ${first?.instancePath || '/'} ${first?.message ?? 'is not valid'}`;
}

/** Values in the document. Beyond this the check takes longer than everything else together. */
const maxNodes = 200_000;

// A memo, not state: the schemas of the versions take a third of a second to compile, and are always the same.
let validator: Promise<Validator> | undefined;
