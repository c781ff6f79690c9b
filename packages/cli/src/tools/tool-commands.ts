import { isJsonObject, type JsonObject } from '@keyturn/protocol';
import { nearestName } from '@keyturn/net';
import { CommandFailure, type Io } from '../io.ts';
import { failure, linesOf, objectsIn } from '../ask.ts';
import { ask, type CommonFlags, expect, show } from './ask.ts';
import { readArguments } from './read-arguments.ts';
import { formatTable } from './table.ts';

export interface ListFlags extends CommonFlags {
  readonly source?: string;
  readonly search?: string;
}

/** `keyturn tools list`: what the caller may call. */
export async function runList(io: Io, flags: ListFlags): Promise<void> {
  const wanted = flags.search?.toLowerCase();
  const tools = (await listTools(io, flags)).filter(
    (tool) =>
      (flags.source === undefined || tool['source'] === flags.source) &&
      (wanted === undefined ||
        `${linesOf(tool['tool_id'])} ${linesOf(tool['description'])}`.toLowerCase().includes(wanted)),
  );
  if (tools.length === 0 && flags.json !== true) {
    io.complain('There is no tool that you may call. keyturn tools sources add URL registers an API.');
    return;
  }
  show(io, flags, tools, () =>
    formatTable([
      ['TOOL', 'METHOD', 'DESCRIPTION'],
      ...tools.map((tool) => [linesOf(tool['tool_id']), linesOf(tool['method']), linesOf(tool['description'])]),
    ]),
  );
}

/** `keyturn tools show TOOL`: what it does and takes. */
export async function runShow(io: Io, id: string, flags: CommonFlags): Promise<void> {
  const tool = await findTool(io, flags, id);
  show(io, flags, tool, () => describeTool(tool));
}

/** `keyturn tools call TOOL ARGUMENTS…`: the result to standard output; 1 where the upstream refused. */
export async function runCall(io: Io, id: string, given: readonly string[], flags: CommonFlags): Promise<void> {
  const tool = await findTool(io, flags, id);
  const schema = tool['input_schema'];
  const args = readArguments(io, given, isJsonObject(schema) ? schema : {});
  const reply = await ask(io, flags, 'POST', '/api/v1/tools/execute', { tool_id: tool['tool_id'], arguments: args });
  const { body } = reply;
  if (reply.status === 202) {
    if (flags.json === true) io.print(JSON.stringify(body, undefined, 2));
    throw new CommandFailure(`${linesOf(body['detail'])}\nRun the same command again once it is approved.`, 3);
  }
  if (reply.status !== 200) {
    const faults = objectsIn(body['errors']).map(
      (fault) => `\n  ${linesOf(fault['field'])}: ${linesOf(fault['message'])}`,
    );
    const { message, status } = failure(reply);
    throw new CommandFailure(faults.length > 1 ? `${linesOf(body['code'])}:${faults.join('')}` : message, status);
  }
  const { result = null } = body;
  show(io, flags, body, () => (typeof result === 'string' ? linesOf(result) : JSON.stringify(result, undefined, 2)));
  if (body['status'] === 'failed') throw new CommandFailure(linesOf(body['error']), 1);
}

async function listTools(io: Io, flags: CommonFlags): Promise<readonly JsonObject[]> {
  return objectsIn((await expect(io, flags, 'GET', '/api/v1/tools'))['tools']);
}

/** By its id in either spelling, by its MCP name, or by its own name where only one has it. */
async function findTool(io: Io, flags: CommonFlags, id: string): Promise<JsonObject> {
  const tools = await listTools(io, flags);
  const found =
    tools.find((tool) => tool['tool_id'] === id || tool['tool_id'] === id.replace(':', '/')) ??
    tools.find((tool) => tool['mcp_name'] === id);
  if (found !== undefined) return found;
  const named = tools.filter((tool) => tool['name'] === id);
  if (named.length === 1 && named[0] !== undefined) return named[0];
  const ids = tools.map((tool) => linesOf(tool['tool_id']));
  const which = named.length > 1 ? named.map((tool) => linesOf(tool['tool_id'])).join(' or ') : nearestName(id, ids);
  throw new CommandFailure(
    `there is no tool ${JSON.stringify(id)} that you may call${which === undefined ? '' : `; did you mean ${which}?`}`,
  );
}

function describeTool(tool: JsonObject): string {
  const schema = isJsonObject(tool['input_schema']) ? tool['input_schema'] : {};
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  const rows = Object.entries(properties).map(([name, member]) => {
    const about = isJsonObject(member) ? member : {};
    const type = about['type'];
    return [
      `  ${name}${required.includes(name) ? '' : '?'}`,
      typeof type === 'string' ? type : Array.isArray(type) ? type.join('|') : 'any',
      linesOf(about['description']),
    ];
  });
  return [
    `${linesOf(tool['tool_id'])}  (${linesOf(tool['method'])} ${linesOf(tool['path'])}, over MCP ${linesOf(tool['mcp_name'])})`,
    linesOf(tool['description']),
    rows.length === 0 ? 'Takes no arguments.' : `Arguments:\n${formatTable(rows)}`,
  ].join('\n\n');
}
