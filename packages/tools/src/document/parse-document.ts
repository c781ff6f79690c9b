import { isJsonObject, type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import { bundleReferences, type ReferenceFetch } from './bundle-references.ts';
import { checkDocument } from './check-document.ts';
import { convertSwagger } from './convert-swagger.ts';
import type { DocumentFault } from './document-fault.ts';
import type { DocumentRefusal } from './document-refusal.ts';
import { findSchemaWarning } from './official-schema.ts';
import type { OpenApiDocument } from './openapi-document.ts';
import { pointerOf } from './pointer.ts';
import { type ReadText, readText } from './read-text.ts';

export interface DocumentSource {
  readonly text: string;
  /** Where it says JSON, faults are those of JSON. Otherwise not relied on: servers lie about it. */
  readonly contentType?: string | undefined;
  /** The address that the text came from; undefined for an upload. Relative server addresses are relative to it. */
  readonly location?: string | undefined;
  /** For files of the same origin that the document refers to. Without it, a document that has such is refused. */
  readonly fetch?: ReferenceFetch | undefined;
}

/**
 * Reads an OpenAPI document, JSON or YAML, and checks what tools are made of. Limits: `documentLimits`.
 *
 * A refusal names the first fault with its JSON pointer, line, column and the lines around it. What breaks OpenAPI's own
 * schema without harm to tools (a missing licence, an unknown keyword) is a warning: documents in use often do.
 */
export async function parseDocument(source: DocumentSource): Promise<Result<OpenApiDocument, DocumentRefusal>> {
  const read = readText(source.text, /\bjson\b/i.test(source.contentType ?? ''));
  if (!read.ok) return read;
  const root = read.value.value;
  const version = readVersion(root);
  if (version === undefined) return refuse(badVersion(root, read.value));
  const refuseAt = ({ why, message, path }: DocumentFault) =>
    refuse({ why, message, pointer: pointerOf(path), place: read.value.placeOf(path) });
  const bundled = await bundleReferences(root, { location: source.location, fetch: source.fetch });
  if (!bundled.ok) return refuseAt(bundled.refusal);
  const fault = checkDocument(bundled.value, version);
  if (fault !== undefined) return refuseAt(fault);
  const warning = await findSchemaWarning(root, read.value.nodes);
  const info = isJsonObject(root['info']) ? root['info'] : {};
  return ok({
    version,
    dialect: /^(2|3\.0)/.test(version) ? '3.0' : '3.1',
    title: typeof info['title'] === 'string' ? info['title'] : 'untitled',
    description: typeof info['description'] === 'string' ? info['description'] : undefined,
    location: source.location,
    root: version === '2.0' ? convertSwagger(bundled.value) : bundled.value,
    warnings: warning === undefined ? [] : [warning],
  });
}

function readVersion(root: JsonObject): string | undefined {
  const { openapi, swagger } = root;
  // YAML reads an unquoted 2.0 as the number 2.
  if (openapi === undefined && (swagger === '2.0' || swagger === 2)) return '2.0';
  return typeof openapi === 'string' && /^3\.[012](\.|$|-)/.test(openapi) ? openapi : undefined;
}

function badVersion(root: JsonObject, text: ReadText): DocumentRefusal {
  const key = root['openapi'] === undefined ? (root['swagger'] === undefined ? undefined : 'swagger') : 'openapi';
  if (key === undefined) {
    const message = 'it has no "openapi" member, so it is no OpenAPI document';
    return { why: 'version', message, pointer: '', place: text.placeOf([]) };
  }
  const message = `${key} ${JSON.stringify(root[key])?.slice(0, 40) ?? ''} is not a version that is understood (2.0, 3.0, 3.1, 3.2)`;
  return { why: 'version', message, pointer: `/${key}`, place: text.placeOf([key]) };
}
