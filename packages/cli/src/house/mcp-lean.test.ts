import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asyncProperty, constantFrom, assert as holds, option, tuple } from 'fast-check';
import { type House, openHouse } from './open-house.ts';

// The same requests go to a house whose MCP door has the lean path and to one where the official SDK answers all.
let lean: House;
let judge: House;
let tokens: { readonly lean: string; readonly judge: string };
beforeAll(async () => {
  [lean, judge] = await Promise.all([openHouse(), openHouse({ settings: { mcp: { lean: false } } })]);
  await Promise.all([lean.registerPizzeria(), judge.registerPizzeria()]);
  tokens = { lean: await lean.tokenOf('john'), judge: await judge.tokenOf('john') };
});
afterAll(() => Promise.all([lean[Symbol.asyncDispose](), judge[Symbol.asyncDispose]()]));

interface Asked {
  readonly headers: Record<string, string>;
  readonly body: unknown;
}

const meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
};
const plainHeaders = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' };
const modern = (method: string, params: Record<string, unknown> = {}): Asked => ({
  headers: {
    ...plainHeaders,
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(typeof params['name'] === 'string' ? { 'mcp-name': params['name'] } : {}),
  },
  body: { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } },
});
const legacy = (method: string, params?: Record<string, unknown>): Asked => ({
  headers: { ...plainHeaders, 'mcp-protocol-version': '2025-11-25' },
  body: { jsonrpc: '2.0', id: 'one', method, ...(params === undefined ? {} : { params }) },
});
const tool = (operation: string, given: unknown = {}) => ({ name: `pizzeria-backend__${operation}`, arguments: given });

/** Status and JSON-RPC messages of an answer, whether they came as JSON or as a stream of events. */
async function ask(house: House, token: string, { headers, body }: Asked) {
  const reply = await house.send('/mcp', {
    method: 'POST',
    token,
    headers: { ...headers, host: 'keyturn.test' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const events = [...reply.text.matchAll(/^data: (.+)$/gm)].map(([, data]) => JSON.parse(data ?? '') as unknown);
  // A problem body names the request; the pizzeria says whom it saw, of which issuer.
  const text = JSON.stringify(events.length === 0 ? reply.body : events[0]);
  return {
    status: reply.status,
    message: JSON.parse(
      text.replaceAll(/(?:localhost|127\.0\.0\.1):\d+|rid_\w+|[\da-f]{8}-[\da-f-]{27}/g, '…'),
    ) as unknown,
  };
}

async function compare(asked: Asked) {
  const [one, other] = await Promise.all([ask(lean, tokens.lean, asked), ask(judge, tokens.judge, asked)]);
  expect(one, JSON.stringify(asked)).toEqual(other);
  return one;
}

const plain: Record<string, Asked> = {
  'a list (2026-07-28)': modern('tools/list'),
  'a list (2025-11-25)': legacy('tools/list'),
  'a list with empty params': legacy('tools/list', {}),
  'a call (2026-07-28)': modern('tools/call', tool('get_menu_items', { vegetarian: true })),
  'a call (2025-11-25)': legacy('tools/call', tool('get_menu_items', { vegetarian: true })),
  'a call without arguments': modern('tools/call', { name: 'pizzeria-backend__get_menu_items' }),
  'a call with a progress token': legacy('tools/call', { ...tool('get_menu_items'), _meta: { progressToken: 7 } }),
  'a call of an unknown tool': modern('tools/call', { name: 'nothing' }),
  'a call with wrong arguments': modern('tools/call', tool('get_menu_items', { max_price: 'cheap' })),
  'a call that the upstream refuses': modern('tools/call', tool('remove_menu_item', { item_id: 'x' })),
  'a call whose text needs escapes': modern('tools/call', tool('get_menu_item', { item_id: '"\u2028\n' })),
};

describe('an answer of the lean path', () => {
  it.each(Object.entries(plain))('is the official SDK’s: %s', async (_name, asked) => {
    await compare(asked);
    // The second time the lean path knows the client's declarations, and answers by itself.
    expect((await compare(asked)).status).toBe(200);
  });

  it('is left to the SDK where anything is missing, added or of another form', async () => {
    const replaced = constantFrom(undefined, null, 0, 1.5, -1, '', 'x', true, [], {}, ['tools/call'], { name: 1 });
    const header = constantFrom(
      '2026-07-28',
      '2025-11-25',
      '2024-01-01',
      'tools/list',
      ' tools/call',
      '=?base64?eA==?=',
    );
    await holds(
      asyncProperty(
        constantFrom(...Object.values(plain)),
        constantFrom(
          'jsonrpc',
          'id',
          'method',
          'params',
          'extra',
          'params.name',
          'params.arguments',
          'params._meta',
          'params.cursor',
          'params.task',
          ...Object.keys(meta).map((key) => `params._meta ${key}`),
          'params._meta progressToken',
          'params._meta io.modelcontextprotocol/logLevel',
        ),
        replaced,
        option(tuple(constantFrom(...Object.keys(modern('x', { name: 'x' }).headers)), option(header))),
        async (asked, place, value, swap) => {
          const headers = { ...asked.headers };
          if (swap !== null && swap[1] === null) delete headers[swap[0]];
          else if (swap !== null && swap[0] !== 'content-type') headers[swap[0]] = swap[1] ?? '';
          const { status } = await compare({ headers, body: put(structuredClone(asked.body), place, value) });
          expect([200, 202, 400, 404, 406]).toContain(status);
        },
      ),
      { numRuns: 150, seed: 8 },
    );
  });

  it('comes without the SDK’s server, which would stream an answer to an older client', async () => {
    const asked = legacy('tools/list');
    const send = (house: House, token: string) =>
      house.send('/mcp', {
        method: 'POST',
        token,
        headers: { ...asked.headers, host: 'keyturn.test' },
        body: JSON.stringify(asked.body),
      });
    expect((await send(lean, tokens.lean)).headers.get('content-type')).toContain('application/json');
    expect((await send(judge, tokens.judge)).headers.get('content-type')).toContain('text/event-stream');
  });
});

/** Puts a value at a place such as `params._meta key`; undefined takes the member away. */
function put(body: unknown, place: string, value: unknown): unknown {
  const [path = '', key] = place.split(' ');
  const names = [...path.split('.'), ...(key === undefined ? [] : [key])];
  let at = body as Record<string, unknown>;
  for (const name of names.slice(0, -1)) at = (at[name] ??= {}) as Record<string, unknown>;
  const last = names.at(-1) ?? '';
  if (typeof at !== 'object' || at === null) return body;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return body;
}
