import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Checks } from '../edge/checks.ts';

const run = promisify(execFile);

export interface ClientParts {
  /** Keyturn's MCP endpoint, without the proxy: the clients send the token themselves. */
  readonly url: string;
  readonly token: string;
  readonly python: string;
  /** The folder whose node_modules has the Inspector. */
  readonly fetched: string;
}

/** The clients that people use: each lists the tools, calls one, and hears an upstream's refusal as an error. */
export async function tryClients(checks: Checks, parts: ClientParts): Promise<void> {
  for (const era of ['2026-07-28', 'legacy'] as const) await tryTypeScript(checks, parts, era);
  await tryPython(checks, parts);
  await tryInspector(checks, parts);
}

const greeting = 'Hello, World!';

async function tryTypeScript(checks: Checks, { url, token }: ClientParts, era: '2026-07-28' | 'legacy'): Promise<void> {
  const who = `the official TypeScript client (${era})`;
  const client = new Client(
    { name: 'keyturn-conformance', version: '1' },
    { versionNegotiation: { mode: era === 'legacy' ? 'legacy' : { pin: era } } },
  );
  const headers = { authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  const { tools } = await client.listTools();
  checks.that(
    `${who} lists the tools`,
    tools.some(({ name }) => name === 'fixture__greet'),
    tools,
  );
  const called = await client.callTool({ name: 'fixture__greet', arguments: { body: { name: 'World' } } });
  checks.that(`${who} calls one`, JSON.stringify(called.content).includes(greeting), called);
  const refused = await client.callTool({ name: 'fixture__test_error_handling', arguments: {} });
  checks.that(`${who} is told of an upstream’s error`, refused.isError === true, refused);
  const measured = await client.callTool({ name: 'mcp-fixture__measured', arguments: {} });
  checks.that(
    `${who} gets what an MCP upstream promised, structured`,
    JSON.stringify(measured.structuredContent) === '{"celsius":21.5}' && measured.isError !== true,
    measured,
  );
  const gaveUp = await client.callTool({ name: 'mcp-fixture__gives_up', arguments: {} });
  checks.that(
    `${who} is told that an MCP upstream’s tool gave up`,
    gaveUp.isError === true && JSON.stringify(gaveUp.content).includes('gives up on purpose'),
    gaveUp,
  );
  await client.close();
}

/** Prints what the other clients' checks look for, one JSON object a line. */
const script = `
import asyncio, json, sys
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

async def main(url, token, mode):
    async with httpx2.AsyncClient(headers={"Authorization": "Bearer " + token}) as http:
        async with Client(streamable_http_client(url, http_client=http), mode=mode) as client:
            tools = await client.list_tools()
            called = await client.call_tool("fixture__greet", {"body": {"name": "World"}})
            refused = await client.call_tool("fixture__test_error_handling", {})
            print(json.dumps({
                "tools": [tool.name for tool in tools.tools],
                "text": called.content[0].text,
                "refused": refused.is_error,
            }))

asyncio.run(main(*sys.argv[1:]))
`;

async function tryPython(checks: Checks, { url, token, python }: ClientParts): Promise<void> {
  for (const mode of ['2026-07-28', 'legacy']) {
    const who = `the official Python client (${mode})`;
    const printed = await run(python, ['-c', script, url, token, mode], { timeout: 60_000 }).then(
      ({ stdout }) => JSON.parse(stdout) as { tools: string[]; text: string; refused: boolean },
      (error: Error) => error,
    );
    if (printed instanceof Error) {
      checks.that(`${who} runs`, false, printed.message.slice(-1500));
      continue;
    }
    checks.that(`${who} lists the tools`, printed.tools.includes('fixture__greet'), printed);
    checks.that(`${who} calls one`, printed.text === greeting, printed);
    checks.that(`${who} is told of an upstream’s error`, printed.refused, printed);
  }
}

async function tryInspector(checks: Checks, { url, token, fetched }: ClientParts): Promise<void> {
  const who = 'the Inspector';
  const launcher = join(fetched, 'node_modules', '@modelcontextprotocol', 'inspector', 'clients', 'launcher', 'build');
  const inspect = async (...args: readonly string[]): Promise<string> => {
    const command = [join(launcher, 'index.js'), '--cli', url, '--transport', 'http'];
    return run(process.execPath, [...command, '--header', `Authorization: Bearer ${token}`, ...args], {
      timeout: 60_000,
      env: { ...process.env, HOME: fetched },
    }).then(
      ({ stdout }) => stdout,
      (error: Error & { stdout?: string }) => `${error.message}${error.stdout ?? ''}`,
    );
  };
  const listed = await inspect('--method', 'tools/list');
  checks.that(`${who} lists the tools`, listed.includes('"fixture__greet"'), listed.slice(-1500));
  const name = ['--method', 'tools/call', '--tool-name'];
  const called = await inspect(...name, 'fixture__greet', '--tool-arg', 'body={"name":"World"}');
  checks.that(`${who} calls one`, called.includes(greeting), called.slice(-1500));
  const refused = await inspect(...name, 'fixture__test_error_handling');
  checks.that(`${who} is told of an upstream’s error`, refused.includes('isError'), refused.slice(-1500));
}
