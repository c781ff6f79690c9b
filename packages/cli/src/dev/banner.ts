export interface BannerFacts {
  readonly url: string;
  readonly managementUrl: string;
  readonly mcpUrl: string;
  readonly issuer: string;
  readonly idp: 'embedded' | 'keycloak';
  readonly idpManagementUrl: string | undefined;
  readonly adminUrl: string | undefined;
  readonly pizzeriaUrl: string;
  readonly dataFolder: string;
  readonly milliseconds: number;
}

/** The block that `npm start` prints: every URL, who can log in, and commands that work when pasted. */
export function buildBanner(facts: BannerFacts): string {
  const token = `${facts.issuer}/protocol/openid-connect/token`;
  const idpName = facts.idp === 'embedded' ? 'identity provider' : 'Keycloak';
  const rows: readonly (readonly [string, string])[] = [
    ['Keyturn', facts.url],
    ['log in (browser)', `${facts.url}/`],
    ['MCP endpoint', facts.mcpUrl],
    ['health, metrics', `${facts.managementUrl}/health/ready   ${facts.managementUrl}/metrics`],
    [idpName, facts.issuer],
    ...(facts.adminUrl === undefined
      ? []
      : [['admin API', `${facts.adminUrl}   (admin / admin, master realm)`] as const]),
    ...(facts.idpManagementUrl === undefined
      ? []
      : [['its health', `${facts.idpManagementUrl}/health/ready`] as const]),
    ['pizzeria (upstream)', `${facts.pizzeriaUrl}/openapi.json`],
    ['data', facts.dataFolder],
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return `
Keyturn is ready (${facts.milliseconds} ms). Ctrl-C stops it.

${rows.map(([name, value]) => `  ${name.padEnd(width)}${value}`).join('\n')}

  users    johndoe / password     calls tools
           dev-admin / password   also registers sources (role keyturn-admin), and approves what agents ask
  clients  tools-provider-frontend         public, for people and agents
           tools-provider-token-exchange   Keyturn’s own, exchanges tokens (secret: demo-exchange-secret)
           pizzeria-backend                the upstream’s audience
           aip-agent-1, aip-reviewer-1     an agent, and who approves (secrets: agent-1-secret, reviewer-1-secret)
${facts.idp === 'embedded' ? '\n  The embedded identity provider is for development, tests and evaluation. Production belongs on Keycloak.\n' : ''}
Try it: paste these into another terminal.

export TOKEN=$(curl -s ${token} \\
  -d grant_type=password -d client_id=tools-provider-frontend \\
  -d username=dev-admin -d password=password | sed -E 's/.*"access_token":"([^"]+)".*/\\1/')

# 1. Turn the pizzeria's OpenAPI document into tools (409 once it is there)
curl -s ${facts.url}/api/v1/sources -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
  -d '{"name":"Pizzeria Backend API","url":"${facts.pizzeriaUrl}/openapi.json","source_type":"openapi","default_audience":"pizzeria-backend"}'

# 2. Call one over REST: the pizzeria sees a token for pizzeria-backend, never yours
curl -s ${facts.url}/api/v1/tools/execute -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
  -d '{"tool_id":"pizzeria-backend/get_menu_items","arguments":{"vegetarian":true}}'

# 3. The same over MCP, as an agent would
curl -s ${facts.mcpUrl} -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
  -H 'Accept: application/json, text/event-stream' \\
  -d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pizzeria-backend__who_am_i","arguments":{}}}'

# 4. A personal access token: list them with GET, end one with DELETE …/ID (npx keyturn auth login, then npx keyturn token --help)
curl -s ${facts.url}/api/v1/users/tokens -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
  -d "{\\"name\\":\\"ci $(date +%s)\\",\\"kind\\":\\"jwt\\",\\"read_only\\":true}"
`;
}
