import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createNarrator, type Narrator } from './narrator.ts';
import { openStage, type Stage } from './stage.ts';

/**
 * An agent calls a tool through Keyturn, from nothing, as a new user would: a token, a source, a call over REST, a
 * call over MCP, and five refusals. Every line that is shown is also held against what it should be.
 */
export async function tell(options: { idp: 'embedded' | 'keycloak' }): Promise<{ passed: number; failed: number }> {
  const narrator = createNarrator((line) => console.log(line));
  const stage = await openStage(options.idp);
  try {
    await play(stage, narrator);
  } finally {
    const status = await stage.close();
    narrator.chapter('The end');
    narrator.expect('Ctrl-C stops everything with exit status 0', status, 0);
  }
  return narrator.score();
}

async function play(stage: Stage, { chapter, show, expect }: Narrator): Promise<void> {
  const api = `${stage.keyturn}/api/v1`;

  chapter('1. johndoe logs in');
  const john = await logIn(stage, 'tools-provider-frontend', 'johndoe');
  const johnClaims = claimsOf(john);
  show(`aud ${JSON.stringify(johnClaims['aud'])}, azp ${String(johnClaims['azp'])}`);
  expect(
    'his token is for Keyturn and its MCP endpoint',
    [`${stage.keyturn}/mcp`, 'tools-provider-token-exchange'].filter((aud) => listOf(johnClaims['aud']).includes(aud)),
    [`${stage.keyturn}/mcp`, 'tools-provider-token-exchange'],
  );
  expect('and not for the pizzeria', listOf(johnClaims['aud']).includes('pizzeria-backend'), false);

  chapter('2. dev-admin registers the pizzeria');
  const admin = await logIn(stage, 'tools-provider-frontend', 'dev-admin');
  const source = {
    name: 'Pizzeria Backend API',
    url: `${stage.pizzeria}/openapi.json`,
    source_type: 'openapi',
    default_audience: 'pizzeria-backend',
  };
  const byJohn = await call(`${api}/sources`, { token: john, body: source });
  expect('johndoe may not', [byJohn.status, byJohn.body['code']], [403, 'forbidden']);
  const registered = await call(`${api}/sources`, { token: admin, body: source });
  expect(
    'dev-admin may',
    [registered.status, registered.body['slug'], registered.body['inventory_count']],
    [201, 'pizzeria-backend', 6],
  );

  chapter('3. johndoe lists the tools');
  const listed = await call(`${api}/tools`, { token: john });
  const tools = listed.body['tools'] as { tool_id: string; description: string }[];
  for (const tool of tools) show(`${tool.tool_id.padEnd(36)} ${tool.description.split('\n')[0]}`);
  expect(
    'all six are there, in a fixed order',
    tools.map((tool) => tool.tool_id),
    [
      'pizzeria-backend/get_menu_item',
      'pizzeria-backend/get_menu_items',
      'pizzeria-backend/get_order',
      'pizzeria-backend/place_order',
      'pizzeria-backend/remove_menu_item',
      'pizzeria-backend/who_am_i',
    ],
  );

  chapter('4. He calls one over REST');
  const rest = await execute(api, john, 'pizzeria-backend/get_menu_items', { vegetarian: true, max_price: 9 });
  const result = rest.body['result'] as { items: { id: string }[]; seen: Record<string, unknown> };
  expect(
    'the call completes',
    [rest.status, rest.body['status'], rest.body['upstream_status']],
    [200, 'completed', 200],
  );
  expect(
    'with the dishes that were asked for',
    result.items.map((item) => item.id),
    ['margherita', 'marinara'],
  );
  expectExchanged(result.seen, johnClaims, expect, show);

  chapter('5. An agent calls one over MCP, with the official client');
  for (const era of ['2026-07-28', '2025-11-25'] as const) {
    const client = new Client(
      { name: 'story', version: '1.0.0' },
      { versionNegotiation: { mode: era === '2026-07-28' ? { pin: era } : 'legacy' } },
    );
    await client.connect(
      new StreamableHTTPClientTransport(new URL(`${stage.keyturn}/mcp`), {
        requestInit: { headers: { authorization: `Bearer ${john}` } },
      }),
    );
    const { tools: mcpTools } = await client.listTools();
    expect(`${era}: it sees the six tools`, mcpTools.length, 6);
    const called = await client.callTool({ name: 'pizzeria-backend__who_am_i', arguments: {} });
    const { seen } = called.structuredContent as { seen: Record<string, unknown> };
    expectExchanged(seen, johnClaims, expect, show);
    await client.close();
  }

  chapter('6. What is refused, and how');
  const noToken = await call(`${api}/tools/execute`, { body: { tool_id: 'pizzeria-backend/get_menu_items' } });
  show(`${noToken.status} ${String(noToken.body['detail'])}`);
  expect(
    'no token: a challenge that names the metadata',
    [noToken.status, noToken.body['code'], noToken.challenge],
    [401, 'no_token', `Bearer resource_metadata="${stage.keyturn}/.well-known/oauth-protected-resource"`],
  );

  const elsewhere = await logIn(stage, 'somewhere-else', 'johndoe');
  const wrongAudience = await execute(api, elsewhere, 'pizzeria-backend/get_menu_items', {});
  show(`${wrongAudience.status} ${String(wrongAudience.body['detail'])}`);
  expect('a token for somebody else', [wrongAudience.status, wrongAudience.body['code']], [401, 'invalid_token']);

  const brief = await logIn(stage, 'one-second', 'johndoe');
  const tolerance = 5;
  await new Promise((resolve) => setTimeout(resolve, (1 + tolerance + 1.5) * 1000));
  const expired = await execute(api, brief, 'pizzeria-backend/get_menu_items', {});
  show(`${expired.status} ${String(expired.body['detail'])}`);
  expect(
    'an expired token',
    [expired.status, expired.body['code'], expired.challenge?.includes('The access token expired')],
    [401, 'invalid_token', true],
  );

  const unknown = await execute(api, john, 'pizzeria-backend/get_menu_itms', {});
  show(`${unknown.status} ${String(unknown.body['detail'])}`);
  expect(
    'an unknown tool, with the nearest name',
    [unknown.status, unknown.body['code'], unknown.body['nearest']],
    [404, 'unknown_tool', 'pizzeria-backend/get_menu_items'],
  );

  const removed = await execute(api, john, 'pizzeria-backend/remove_menu_item', { item_id: 'diavola' });
  show(`${removed.status} ${String(removed.body['error'])} ${JSON.stringify(removed.body['result'])}`);
  expect(
    'the upstream itself refuses',
    [removed.status, removed.body['status'], removed.body['upstream_status']],
    [200, 'failed', 403],
  );
}

/** The upstream must have seen johndoe, through Keyturn's own client, and by a token that is for it alone. */
function expectExchanged(
  seen: Record<string, unknown>,
  john: Record<string, unknown>,
  expect: Narrator['expect'],
  show: Narrator['show'],
): void {
  show(
    `the pizzeria saw aud ${JSON.stringify(seen['aud'])}, azp ${String(seen['azp'])}, user ${String(seen['username'])}`,
  );
  expect(
    'the upstream saw him, by a token of its own',
    [seen['sub'], seen['aud'], seen['azp']],
    [john['sub'], ['pizzeria-backend'], 'tools-provider-token-exchange'],
  );
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly challenge: string | null;
}

async function call(url: string, options: { token?: string; body?: unknown }): Promise<Answer> {
  const response = await fetch(url, {
    ...(options.body === undefined ? {} : { method: 'POST', body: JSON.stringify(options.body) }),
    headers: {
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
  });
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
    challenge: response.headers.get('www-authenticate'),
  };
}

function execute(api: string, token: string, tool: string, given: object): Promise<Answer> {
  return call(`${api}/tools/execute`, { token, body: { tool_id: tool, arguments: given } });
}

async function logIn(stage: Stage, client: string, username: string): Promise<string> {
  const response = await fetch(`${stage.issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'password', client_id: client, username, password: 'password' }),
  });
  const body = (await response.json()) as { access_token?: string };
  if (body.access_token === undefined)
    throw new Error(`${username} cannot log in: ${response.status} ${JSON.stringify(body)}`);
  return body.access_token;
}

/** The claims of a token, for showing: nothing here trusts them. */
function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
}

function listOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).map(String);
}
