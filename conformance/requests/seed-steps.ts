import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Steps 2, 4, 5 and 6 of seed 001 as a reader types them, in one shell: verbatim but for the hosts, and without the
 * `kubectl run … --` that only carries curl into the cluster. Each prints what the seed's reader sees.
 */
export interface SeedSteps {
  /** Step 2: the realm, two clients and their audience mappers; the status of each call. */
  readonly configure: () => Promise<readonly string[]>;
  /** Step 4: a token by client_credentials, and what the seed says is in it. */
  readonly token: (clientId: string, secret: string) => Promise<{ readonly token: string; readonly claims: string }>;
  /** Step 5. The body's last line is the status. */
  readonly ask: (gateway: string, token: string) => Promise<Reply>;
  /** Step 6. */
  readonly approve: (gateway: string, token: string, name: string) => Promise<Reply>;
}

export interface Reply {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly text: string;
}

export function openSeedSteps(keycloak: string): SeedSteps {
  const shell = async (script: string, env: Record<string, string> = {}): Promise<string> => {
    const { stdout } = await run('bash', ['-euc', script], { env: { ...process.env, ...env }, timeout: 60_000 });
    return stdout;
  };
  const reply = (stdout: string): Reply => {
    const text = stdout.slice(0, stdout.lastIndexOf('\n'));
    const body: unknown = JSON.parse(text === '' ? '{}' : text);
    const object = typeof body === 'object' && body !== null ? { ...body } : {};
    return { status: Number(stdout.slice(stdout.lastIndexOf('\n') + 1)), body: object, text };
  };
  return {
    async configure() {
      const out = await shell(step2.replaceAll('http://localhost:8090', keycloak));
      return out.split('\n').flatMap((line) => /HTTP (\d{3})$/.exec(line)?.[1] ?? []);
    },
    async token(clientId, secret) {
      const script = step4.replaceAll('http://keycloak.keycloak.svc.cluster.local:8080', keycloak);
      const out = await shell(script, { CLIENT_ID: clientId, CLIENT_SECRET: secret });
      const [token = '', ...claims] = out.trim().split('\n');
      return { token, claims: claims.join('\n') };
    },
    ask: async (gateway, token) =>
      reply(await shell(step5.replaceAll('http://localhost:8080', gateway), { AGENT_TOKEN: token })),
    approve: async (gateway, token, name) =>
      reply(
        await shell(step6.replaceAll('http://localhost:8080', gateway), { REVIEWER_TOKEN: token, REQUEST_NAME: name }),
      ),
  };
}

const step2 = `
ADMIN_TOKEN=$(curl -s -X POST http://localhost:8090/realms/master/protocol/openid-connect/token \\
  -d "client_id=admin-cli" \\
  -d "username=admin" \\
  -d "password=admin" \\
  -d "grant_type=password" \\
  | python3 -c "import sys,json; print(json.load(sys.stdin)['access_token'])")

curl -s -X POST http://localhost:8090/admin/realms \\
  -H "Authorization: Bearer $ADMIN_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"realm":"aip","enabled":true}' \\
  -w "\\nHTTP %{http_code}"
echo

# Agent identity
curl -s -X POST http://localhost:8090/admin/realms/aip/clients \\
  -H "Authorization: Bearer $ADMIN_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{
    "clientId": "aip-agent-1",
    "enabled": true,
    "publicClient": false,
    "serviceAccountsEnabled": true,
    "standardFlowEnabled": false,
    "directAccessGrantsEnabled": false,
    "clientAuthenticatorType": "client-secret",
    "secret": "agent-1-secret"
  }' -w "\\nHTTP %{http_code}"
echo

# Reviewer identity
curl -s -X POST http://localhost:8090/admin/realms/aip/clients \\
  -H "Authorization: Bearer $ADMIN_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{
    "clientId": "aip-reviewer-1",
    "enabled": true,
    "publicClient": false,
    "serviceAccountsEnabled": true,
    "standardFlowEnabled": false,
    "directAccessGrantsEnabled": false,
    "clientAuthenticatorType": "client-secret",
    "secret": "reviewer-1-secret"
  }' -w "\\nHTTP %{http_code}"
echo

AGENT_ID=$(curl -s "http://localhost:8090/admin/realms/aip/clients?clientId=aip-agent-1" \\
  -H "Authorization: Bearer $ADMIN_TOKEN" \\
  | python3 -c "import sys,json; print(json.load(sys.stdin)[0]['id'])")

REVIEWER_ID=$(curl -s "http://localhost:8090/admin/realms/aip/clients?clientId=aip-reviewer-1" \\
  -H "Authorization: Bearer $ADMIN_TOKEN" \\
  | python3 -c "import sys,json; print(json.load(sys.stdin)[0]['id'])")

for CLIENT_ID in $AGENT_ID $REVIEWER_ID; do
  curl -s -X POST "http://localhost:8090/admin/realms/aip/clients/$CLIENT_ID/protocol-mappers/models" \\
    -H "Authorization: Bearer $ADMIN_TOKEN" \\
    -H "Content-Type: application/json" \\
    -d '{
      "name": "audience-aip-gateway",
      "protocol": "openid-connect",
      "protocolMapper": "oidc-audience-mapper",
      "config": {
        "included.custom.audience": "aip-gateway",
        "id.token.claim": "true",
        "access.token.claim": "true"
      }
    }' -w "\\nHTTP %{http_code}"
  echo
done
`;

const step4 = `
TOKEN=$(curl -s -X POST http://keycloak.keycloak.svc.cluster.local:8080/realms/aip/protocol/openid-connect/token \\
    -d "grant_type=client_credentials" \\
    -d "client_id=$CLIENT_ID" \\
    -d "client_secret=$CLIENT_SECRET" \\
    -d "scope=openid" | python3 -c "import sys,json; print(json.load(sys.stdin)['access_token'])")
echo $TOKEN
echo $TOKEN | cut -d. -f2 | python3 -c "import sys,base64,json; p=sys.stdin.read().strip(); p+='='*(-len(p)%4); print(json.dumps(json.loads(base64.urlsafe_b64decode(p)), indent=2))" | grep -E '"iss"|"azp"|"aud"' -A 3
`;

const step5 = `
curl -s -X POST http://localhost:8080/agent-requests \\
  -H "Authorization: Bearer $AGENT_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{
    "agentIdentity": "aip-agent-1",
    "action":        "scale-down",
    "targetURI":     "k8s://prod/default/deployment/payment-api",
    "reason":        "scheduled maintenance window"
  }' -w "\\n%{http_code}"
`;

const step6 = `
curl -s -X POST http://localhost:8080/agent-requests/$REQUEST_NAME/approve \\
  -H "Authorization: Bearer $REVIEWER_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"reason": "approved for maintenance window"}' -w "\\n%{http_code}"
`;
