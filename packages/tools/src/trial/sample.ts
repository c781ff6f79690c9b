import type { JsonObject } from '@keyturn/protocol';
import { buildTools } from '../catalogue/build-tools.ts';
import { parseDocument } from '../document/parse-document.ts';
import type { Tool } from '../tool.ts';

export const sampleLocation = 'https://api.example.com/v1/openapi.json';

/** For this package's tests: a document with these members beside what every document has. */
export function sampleDocument(members: JsonObject, version = '3.1.0'): string {
  return JSON.stringify({ openapi: version, info: { title: 'Pizzeria', version: '1' }, paths: {}, ...members });
}

/** For this package's tests: the tools of a document. */
export async function toolsOf(members: JsonObject, version?: string): Promise<readonly Tool[]> {
  const read = await parseDocument({ text: sampleDocument(members, version), location: sampleLocation });
  if (!read.ok) throw new Error(JSON.stringify(read.refusal));
  return buildTools(read.value, { sourceSlug: 'pizzeria' });
}

/** For this package's tests: the one tool of one operation, `POST /pizzas/{id}` unless told otherwise. */
export async function toolOf(
  operation: JsonObject,
  {
    path = '/pizzas/{id}',
    method = 'post',
    version = '3.1.0',
    components = {},
  }: { path?: string; method?: string; version?: string; components?: JsonObject } = {},
): Promise<Tool> {
  const [tool] = await toolsOf({ paths: { [path]: { [method]: operation } }, components }, version);
  if (tool === undefined) throw new Error('the document has no operation');
  return tool;
}
