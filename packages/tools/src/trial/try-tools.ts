import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { buildRequest } from '../call/build-request.ts';
import { checkArguments } from '../call/check-arguments.ts';
import { buildTools } from '../catalogue/build-tools.ts';
import { explainDocumentRefusal } from '../document/document-refusal.ts';
import type { OpenApiDocument } from '../document/openapi-document.ts';
import { parseDocument } from '../document/parse-document.ts';
import { resolveObject } from '../document/pointer.ts';
import { readBack } from './read-back.ts';
import { sampleValue } from './sample-value.ts';
import type { Tool, ToolParameter } from '../tool.ts';

export interface Trial {
  readonly tools: number;
  /** Tools for which arguments were made, accepted, sent and read back. */
  readonly called: number;
  /** Tools whose schema no made-up value fits, mostly because of a pattern. */
  readonly unfit: number;
  readonly faults: readonly string[];
}

/**
 * For tests: makes tools of a document and tries every one: its names, both schemas as JSON Schema 2020-12, that no
 * parameter is lost, and a request from made-up arguments that is read back by the document.
 */
export async function tryTools(text: string): Promise<Trial> {
  const read = await parseDocument({ text, location: 'https://api.example.com/openapi.json' });
  if (!read.ok) return { tools: 0, called: 0, unfit: 0, faults: [explainDocumentRefusal(read.refusal)] };
  const tools = buildTools(read.value, { sourceSlug: 'source' });
  const faults: string[] = [];
  let called = 0;
  let unfit = 0;
  for (const names of [tools.map((tool) => tool.id), tools.map((tool) => tool.mcpName)]) {
    if (new Set(names).size !== names.length) faults.push('two tools have one name');
  }
  for (const tool of tools) {
    const found = [...checkNames(tool), ...checkSchemas(tool), ...checkParameters(read.value, tool)];
    const trial = tryCall(read.value, tool);
    if (trial === undefined) unfit += 1;
    else {
      called += 1;
      found.push(...trial);
    }
    faults.push(...found.map((fault) => `${tool.id}: ${fault}`));
  }
  return { tools: tools.length, called, unfit, faults };
}

function checkNames(tool: Tool): readonly string[] {
  return /^[A-Za-z0-9_-]{1,64}$/.test(tool.mcpName) ? [] : [`the MCP name ${tool.mcpName} is not within the limits`];
}

function checkSchemas(tool: Tool): readonly string[] {
  const faults: string[] = [];
  for (const schema of [tool.inputSchema, tool.outputSchema]) {
    if (schema === undefined) continue;
    if (schema['type'] !== 'object' || !isJsonObject(schema['properties'])) faults.push('a schema without properties');
    const ajv = new Ajv2020({ strict: false, logger: false });
    ajvFormats.default(ajv);
    try {
      ajv.compile(schema);
    } catch (error) {
      faults.push(`a schema does not compile: ${String(error).slice(0, 200)}`);
    }
  }
  return faults;
}

function operationOf(document: OpenApiDocument, tool: Tool): readonly [JsonObject, JsonObject] {
  const paths = isJsonObject(document.root['paths']) ? document.root['paths'] : {};
  const item = resolveObject(document.root, paths[tool.path]) ?? {};
  const operation = item[tool.method.toLowerCase()];
  return [item, isJsonObject(operation) ? operation : {}];
}

function checkParameters(document: OpenApiDocument, tool: Tool): readonly string[] {
  const faults: string[] = [];
  for (const list of operationOf(document, tool).map((holder) => holder['parameters'])) {
    for (const given of Array.isArray(list) ? list : []) {
      const { name, in: place } = resolveObject(document.root, given) ?? {};
      if (typeof name !== 'string' || typeof place !== 'string') continue;
      const kept = tool.parameters.some((parameter) => parameter.name === name && parameter.in === place);
      if (!kept && !tool.ignored.some((text) => text.startsWith(`${name} (${place}): `)))
        faults.push(`${place} parameter ${name} is lost`);
    }
  }
  return faults;
}

/** Faults of one call with made-up arguments; undefined if none that fit could be made up. */
function tryCall(document: OpenApiDocument, tool: Tool): readonly string[] | undefined {
  const args = sampleValue(tool.inputSchema, tool.inputSchema, 6);
  const checked = checkArguments(tool, args);
  if (!checked.ok) return undefined;
  const request = buildRequest(tool, checked.value);
  if (!request.ok) return [`no request: ${JSON.stringify(request.refusal)}`];
  const server = new URL(tool.server ?? '');
  const template = `${server.pathname === '/' ? '' : server.pathname}${tool.path}`;
  const paths = isJsonObject(document.root['paths']) ? document.root['paths'] : {};
  const root = { ...document.root, paths: { ...paths, [template]: operationOf(document, tool)[0] } };
  const seen = readBack(root, template, tool.method.toLowerCase(), request.value);
  const faults: string[] = [];
  for (const parameter of tool.parameters) {
    const sent = asSeen(checked.value[parameter.argument]);
    const found = seen.get(`${parameter.in}:${parameter.name}`);
    if (!holds(parameter, found, sent)) {
      faults.push(
        `${parameter.in} parameter ${parameter.name} was ${JSON.stringify(sent)} and is read as ${JSON.stringify(found)}`,
      );
    }
  }
  if (tool.body?.kind === 'json' && JSON.stringify(checked.value['body']) !== request.value.body)
    faults.push('the body is not what was given');
  return faults;
}

/** What is left of a value once it is text: what is null or empty is gone, what lies deeper is JSON. */
function asSeen(value: Json | undefined): Json | undefined {
  const text = (part: Json) => (typeof part === 'string' ? part : JSON.stringify(part));
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value))
    return value.length === 0 ? undefined : value.filter((item: Json) => item !== null).map(text);
  if (!isJsonObject(value)) return text(value);
  const members = Object.entries(value).flatMap(([key, member]) =>
    member === null || member === undefined ? [] : [[key, text(member)] as const],
  );
  return members.length === 0 ? undefined : Object.fromEntries(members);
}

/** An exploded object's members stand beside the other parameters, and a deeper one has a form of its own: these contain. */
function holds(parameter: ToolParameter, found: Json | undefined, sent: Json | undefined): boolean {
  if (parameter.in === 'querystring' || parameter.contentType !== undefined || parameter.style === 'deepObject')
    return true;
  if (isJsonObject(sent) && parameter.style === 'form' && parameter.explode) {
    return Object.entries(sent).every(([key, value]) => isJsonObject(found) && found[key] === value);
  }
  if (sent === undefined) return true;
  return JSON.stringify(found) === JSON.stringify(sent);
}
