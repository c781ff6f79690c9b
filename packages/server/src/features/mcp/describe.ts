import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import type { Problem } from '../../http/problem.ts';
import type { McpCalled, McpTool } from './port.ts';

/**
 * A tool on the wire. Its input schema loses `x-mcp-header`: a client that saw it would send arguments in `Mcp-Param`
 * headers too (SEP-2243), which somebody would have to hold against the body. Keyturn writes them for the upstream itself.
 */
export function describeTool(tool: McpTool): JsonObject {
  return {
    name: tool.name,
    ...(tool.title === undefined ? {} : { title: tool.title }),
    description: tool.description,
    inputSchema: { ...withoutHeaders(tool.inputSchema), type: 'object' },
    ...(tool.outputSchema === undefined ? {} : { outputSchema: { ...tool.outputSchema, type: 'object' } }),
    annotations: { ...tool.annotations },
  };
}

function withoutHeaders(schema: JsonObject): JsonObject {
  const strip = (value: Json | undefined): Json | undefined => {
    if (Array.isArray(value)) return value.map((item) => strip(item) ?? null);
    if (!isJsonObject(value)) return value;
    // As a keyword it is text; a property of this name is a schema, and stays.
    const kept = Object.entries(value).filter(([key, member]) => key !== headerKey || typeof member !== 'string');
    return Object.fromEntries(kept.map(([key, member]) => [key, strip(member)]));
  };
  // Hardly any schema has it, and then nothing is copied.
  if (!JSON.stringify(schema).includes(`"${headerKey}"`)) return schema;
  const stripped = strip(schema);
  return isJsonObject(stripped) ? stripped : schema;
}

const headerKey = 'x-mcp-header';

/**
 * An upstream's answer as a result: JSON as text and as `structuredContent`, bytes as an embedded resource, a refusal
 * of the upstream as an error that the model can read.
 *
 * A client holds a successful result to the tool's output schema and throws it away where it does not fit. So an answer
 * that was cut, or is not what the document promised, is marked as an error: then the model still sees all there is.
 */
export function describeResult(name: string, { result, content, promised }: McpCalled): JsonObject {
  const failed = result.status >= 400;
  const structured = failed || result.mismatch !== undefined ? undefined : result.structured;
  const broken = promised && !failed && structured === undefined;
  const said = failed ? `The upstream answered ${result.status}: ` : broken ? brokenPromise(result) : '';
  return {
    content:
      content === undefined
        ? [...describeBody(name, result, said)]
        : [...(broken ? [{ type: 'text', text: said.trimEnd() }] : []), ...content],
    ...(structured === undefined ? {} : { structuredContent: structured }),
    ...(failed || broken ? { isError: true } : {}),
  };
}

function describeBody(name: string, result: McpCalled['result'], said: string): readonly JsonObject[] {
  const { text, binary, contentType } = result;
  if (binary !== undefined) {
    const resource = { uri: `keyturn://tools/${name}/result`, mimeType: contentType, blob: binary };
    return [...(said === '' ? [] : [{ type: 'text', text: said.trimEnd() }]), { type: 'resource', resource }];
  }
  if (text === undefined && said === '') {
    return [{ type: 'text', text: `The upstream answered ${result.status} without content.` }];
  }
  return [{ type: 'text', text: `${said}${text ?? 'no content.'}` }];
}

function brokenPromise({ status, mismatch, truncated }: McpCalled['result']): string {
  const why =
    truncated !== undefined
      ? 'the answer is too large to be given whole'
      : mismatch !== undefined
        ? `the answer is not what its document promises (${mismatch.map(({ pointer, message }) => `${pointer} ${message}`).join('; ')})`
        : 'the answer is not the JSON that its document promises';
  return `The call was made and the upstream answered ${status}, but ${why}:\n`;
}

/** Where a call that waits for people can be looked at. */
function where({ headers }: Problem): string {
  const location = headers?.['location'];
  return location === undefined ? '' : ` See ${location}.`;
}

/** A refusal inside a call is a result that the model can read, with the code that a program can branch on. */
export function describeProblem(problem: Problem): JsonObject {
  const facts = problem.facts === undefined ? '' : ` ${JSON.stringify(problem.facts)}`;
  return {
    content: [{ type: 'text', text: `${problem.code}: ${problem.title}. ${problem.detail}${where(problem)}${facts}` }],
    isError: true,
  };
}
