import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import type { OpenApiDocument } from '../document/openapi-document.ts';
import { operationsOf } from '../document/operations-of.ts';
import { resolveObject } from '../document/pointer.ts';
import type { Tool, ToolHints, ToolSecurity } from '../tool.ts';
import { hashJson } from './canonical-json.ts';
import { hintsOf } from './hints.ts';
import { nameForMcp, nameOperations } from './names.ts';
import { readBody } from './read-body.ts';
import { readOutput } from './read-output.ts';
import { readParameters } from './read-parameters.ts';
import { createSchemaReader, type SchemaReader } from './schema-reader.ts';
import { type OperationSelector, selects } from './select.ts';
import { readServer } from './servers.ts';

export interface BuildOptions {
  /** Names the source in each tool's id; `[a-z0-9-]`, given by whoever registers it. */
  readonly sourceSlug: string;
  /** Called instead of what the document names: an absolute http(s) address. */
  readonly serverUrl?: string;
  /** Only what one of these means; everything if absent. */
  readonly include?: readonly OperationSelector[];
  /** Not what one of these means, even if included. */
  readonly exclude?: readonly OperationSelector[];
  /** By operation id: what the person who registers the source knows better than the method. */
  readonly hints?: Readonly<Record<string, Partial<ToolHints>>>;
}

/** The most characters that a tool's description has; a longer one is cut, with an ellipsis. */
export const maxDescription = 2000;

interface Budgets {
  readonly input: number;
  readonly output: number;
}

/**
 * Characters of definitions that a tool's schemas may have; what lies deeper is left open. Large documents have less
 * for each, so that none fills the memory: by halves, that one more operation should not change all the others.
 */
function budgetsFor(operations: number): Budgets {
  const share = operations <= 1250 ? 1 : operations <= 2500 ? 2 : 4;
  return { input: 32_000 / share, output: 12_000 / share };
}

interface Operation {
  readonly path: string;
  readonly method: string;
  readonly item: JsonObject;
  readonly operation: JsonObject;
}

/** Every selected operation of the document as a tool, in the document's order. */
export function buildTools(document: OpenApiDocument, options: BuildOptions): readonly Tool[] {
  const { root } = document;
  const operations = listOperations(root);
  // Named before selecting, so that a name does not change with the selection.
  const ids = nameOperations(
    operations.map(({ method, path, operation }) => ({ method, path, given: textOf(operation['operationId']) })),
  );
  const mcpNames = nameForMcp(options.sourceSlug, ids);
  const schemas = createSchemaReader(root);
  const budgets = budgetsFor(operations.length);
  const tools: Tool[] = [];
  for (const [index, operation] of operations.entries()) {
    const operationId = ids[index] ?? '';
    const tags = listOf(operation.operation['tags']);
    const subject = { tags, operationId, method: operation.method, path: operation.path };
    if (options.include?.some((selector) => selects(selector, subject)) === false) continue;
    if (options.exclude?.some((selector) => selects(selector, subject)) === true) continue;
    const tool = buildTool(document, operation, {
      options,
      operationId,
      mcpName: mcpNames[index] ?? '',
      tags,
      schemas,
      budgets,
    });
    tools.push({ ...tool, hash: hashJson(tool) });
  }
  return tools;
}

function listOperations(root: JsonObject): readonly Operation[] {
  const found: Operation[] = [];
  const paths = isJsonObject(root['paths']) ? root['paths'] : {};
  for (const [path, given] of Object.entries(paths)) {
    const item = path.startsWith('/') ? resolveObject(root, given) : undefined;
    if (item === undefined) continue;
    for (const { method, operation } of operationsOf(item)) {
      if (isJsonObject(operation)) found.push({ path, method, item, operation });
    }
  }
  return found;
}

function buildTool(
  document: OpenApiDocument,
  { path, method, item, operation }: Operation,
  given: {
    readonly options: BuildOptions;
    readonly operationId: string;
    readonly mcpName: string;
    readonly tags: readonly string[];
    readonly schemas: SchemaReader;
    readonly budgets: Budgets;
  },
): Omit<Tool, 'hash'> {
  const { root } = document;
  const { options, operationId, schemas, budgets } = given;
  const body = readBody(root, operation['requestBody'], schemas);
  const lists = { path, ofPath: item['parameters'], ofOperation: operation['parameters'], hasBody: body !== undefined };
  const { parameters, schemas: properties, ignored } = readParameters(root, lists, schemas);
  const required = parameters.filter((parameter) => parameter.required).map(({ argument }) => argument);
  if (body?.body.required === true) required.push('body');
  const input: JsonObject = {
    type: 'object',
    properties: { ...properties, ...(body === undefined ? {} : { body: body.schema }) },
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
  const output = readOutput(root, operation['responses'], schemas, budgets.output);
  const servers = [operation['servers'], item['servers'], root['servers']];
  return {
    id: `${options.sourceSlug}/${operationId}`,
    mcpName: given.mcpName,
    sourceSlug: options.sourceSlug,
    operationId,
    title: textOf(operation['summary']) ?? textOf(item['summary']),
    description: describe(operation, item, `${method} ${path}`),
    tags: given.tags,
    deprecated: operation['deprecated'] === true,
    method,
    path,
    server: options.serverUrl?.replace(/\/+$/, '') ?? readServer(servers, document.location),
    parameters,
    ...(body === undefined ? {} : { body: body.body }),
    inputSchema: schemas.close(input, 'request', budgets.input),
    ...(output.schema === undefined ? {} : { outputSchema: output.schema }),
    wrapsResult: output.wraps,
    accept: output.accept,
    hints: { ...hintsOf(method), ...options.hints?.[operationId] },
    security: readSecurity(root, operation['security'] ?? root['security']),
    ignored,
  };
}

function describe(operation: JsonObject, item: JsonObject, otherwise: string): string {
  const summary = textOf(operation['summary']) ?? textOf(item['summary']);
  const description = textOf(operation['description']) ?? textOf(item['description']);
  const parts = [summary, description === summary ? undefined : description].filter((part) => part !== undefined);
  const text = parts.length === 0 ? otherwise : parts.join('\n\n');
  const marked = operation['deprecated'] === true ? `Deprecated. ${text}` : text;
  return marked.length > maxDescription ? `${marked.slice(0, maxDescription - 1)}…` : marked;
}

function readSecurity(root: JsonObject, given: Json | undefined): readonly (readonly ToolSecurity[])[] {
  const components = isJsonObject(root['components']) ? root['components'] : {};
  const schemes = isJsonObject(components['securitySchemes']) ? components['securitySchemes'] : {};
  return (Array.isArray(given) ? given : []).filter(isJsonObject).map((requirement) =>
    Object.entries(requirement).map(([scheme, scopes]) => {
      const known = Object.hasOwn(schemes, scheme) ? resolveObject(root, schemes[scheme]) : undefined;
      return { scheme, type: textOf(known?.['type']) ?? 'unknown', scopes: listOf(scopes) };
    }),
  );
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

function listOf(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}
