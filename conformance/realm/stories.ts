import assert from 'node:assert/strict';
import { applyText, dropRealm, type Subject } from './subject.ts';
import { accessToken, claimsOf, exchangeForm, logInByBrowser, tokenRequest } from './tokens.ts';

/** One sentence about the product, and how to try it. */
export interface Case {
  readonly name: string;
  readonly run: (subject: Subject) => Promise<void>;
}

const person = (username: string) =>
  `{username: ${username}, enabled: true, email: ${username}@example.com, emailVerified: true, firstName: ${username}, lastName: Doe, credentials: [{type: password, value: password}]`;

const volundr = `
realm: volundr
enabled: true
recipes:
  - pat-issuer: {secret: pat-secret}
  - events
clients:
  - {clientId: volundr-web, publicClient: true, redirectUris: ["http://localhost:3000/*"]}
  - {clientId: volundr-cli, publicClient: true, directAccessGrantsEnabled: true}
users:
  - ${person('johndoe')}}
  - ${person('boss')}, clientRoles: {realm-management: [realm-admin]}}
`;

const aip = `
realm: aip
enabled: true
recipes:
  - agent: {clientId: aip-agent-1, secret: agent-1-secret}
  - reviewer: {clientId: aip-reviewer-1, secret: reviewer-1-secret}
`;

const toolsProvider = `
realm: tools-provider
enabled: true
recipes:
  - token-exchange: {secret: your-secret-here, upstreams: [pizzeria-backend, {audience: second-backend, optional: true}]}
  - events
clients:
  - {clientId: tools-provider-frontend, publicClient: true, directAccessGrantsEnabled: true}
users: [${person('johndoe')}}]
`;

const myrealm = `
realm: myrealm
enabled: true
recipes:
  - login-client: {secret: my-client-secret, redirectUris: ["http://localhost:8000/*"], backchannelLogoutUrl: "http://localhost:8000/logout"}
roles: {realm: [{name: app-admin}, {name: app-user}]}
groups: [{name: superusers, realmRoles: [app-admin]}, {name: developers, realmRoles: [app-user]}]
users: [${person('dev-admin')}, groups: [/superusers]}]
`;

const mcp = `
realm: mcp
enabled: true
recipes:
  - mcp: {url: "http://localhost:8040/mcp", scopes: ["mcp:tools"], clients: [assistant]}
  - agent: {clientId: assistant, secret: assistant-secret, strict: true, audience: other}
`;

const login = { grant_type: 'password', username: 'johndoe', password: 'password' };

/** Each seed's set-up as recipes on an empty server, then its own token commands and the claims that it promises. */
export const stories: readonly Case[] = [
  {
    name: 'seed 000: a user’s token becomes a PAT for volundr-api that lives a year',
    async run(subject) {
      await dropRealm(subject, 'volundr');
      await applyText(subject, volundr);
      const user = await accessToken(subject, 'volundr', { ...login, client_id: 'volundr-cli' });
      assert.ok([claimsOf(user)['aud']].flat().includes('volundr-pat-issuer'));
      const pat = claimsOf(
        await accessToken(subject, 'volundr', exchangeForm('volundr-pat-issuer', 'pat-secret', user)),
      );
      assert.deepEqual([pat['aud']].flat(), ['volundr-api']);
      assert.equal(pat['azp'], 'volundr-pat-issuer');
      assert.equal(pat['sub'], claimsOf(user)['sub']);
      const lifetime = Number(pat['exp']) - Number(pat['iat']);
      assert.ok(lifetime > 31_535_900 && lifetime <= 31_536_000, `lives ${lifetime} s`);
    },
  },
  {
    name: 'seed 000: with full scope off a PAT holds no roles and opens no account API',
    async run(subject) {
      const user = await accessToken(subject, 'volundr', { ...login, client_id: 'volundr-cli' });
      const pat = await accessToken(subject, 'volundr', exchangeForm('volundr-pat-issuer', 'pat-secret', user));
      assert.deepEqual(claimsOf(pat)['resource_access'] ?? {}, {});
      const account = await subject.fetch(`${subject.url}/realms/volundr/account`, {
        headers: { authorization: `Bearer ${pat}`, accept: 'application/json' },
      });
      assert.ok(account.ok && [401, 403, 404].includes(account.value.status));
    },
  },
  {
    name: 'seed 000: even an administrator’s PAT opens no admin API, for full scope is off',
    async run(subject) {
      const form = { grant_type: 'password', username: 'boss', password: 'password', client_id: 'volundr-cli' };
      const pat = await accessToken(
        subject,
        'volundr',
        exchangeForm('volundr-pat-issuer', 'pat-secret', await accessToken(subject, 'volundr', form)),
      );
      const answer = await subject.fetch(`${subject.url}/admin/realms/volundr/users`, {
        headers: { authorization: `Bearer ${pat}` },
      });
      assert.ok(
        answer.ok && [401, 403].includes(answer.value.status),
        answer.ok ? `${answer.value.status}` : 'no answer',
      );
    },
  },
  {
    name: 'seed 001: agent and reviewer get tokens with azp and aud as promised',
    async run(subject) {
      await dropRealm(subject, 'aip');
      await applyText(subject, aip);
      for (const [client_id, client_secret] of [
        ['aip-agent-1', 'agent-1-secret'],
        ['aip-reviewer-1', 'reviewer-1-secret'],
      ] as const) {
        const { status, body } = await tokenRequest(subject, 'aip', {
          grant_type: 'client_credentials',
          client_id,
          client_secret,
          scope: 'openid',
        });
        assert.equal(status, 200);
        assert.equal(body['token_type'], 'Bearer');
        // A second may pass between the making and the answer.
        assert.ok([299, 300].includes(Number(body['expires_in'])));
        const claims = claimsOf(String(body['access_token']));
        assert.equal(claims['iss'], `${subject.url}/realms/aip`);
        assert.equal(claims['azp'], client_id);
        assert.deepEqual([claims['aud']].flat().sort(), ['account', 'aip-gateway']);
        assert.deepEqual([claimsOf(String(body['id_token']))['aud']].flat(), [client_id]);
      }
    },
  },
  {
    name: 'seed 003: the agent’s token is exchanged for one meant for pizzeria-backend alone',
    async run(subject) {
      await dropRealm(subject, 'tools-provider');
      await applyText(subject, toolsProvider);
      const agent = await accessToken(subject, 'tools-provider', { ...login, client_id: 'tools-provider-frontend' });
      assert.ok([claimsOf(agent)['aud']].flat().includes('tools-provider-token-exchange'));
      const requested_token_type = 'urn:ietf:params:oauth:token-type:access_token';
      const { status, body } = await tokenRequest(
        subject,
        'tools-provider',
        exchangeForm('tools-provider-token-exchange', 'your-secret-here', agent, {
          audience: 'pizzeria-backend',
          requested_token_type,
        }),
      );
      assert.equal(status, 200, JSON.stringify(body));
      assert.equal(body['issued_token_type'], requested_token_type);
      const claims = claimsOf(String(body['access_token']));
      assert.deepEqual([claims['aud']].flat(), ['pizzeria-backend']);
      assert.equal(claims['azp'], 'tools-provider-token-exchange');
      assert.equal(claims['sub'], claimsOf(agent)['sub']);
    },
  },
  {
    name: 'seed 003: an optional upstream needs its scope, and an unknown one is named',
    async run(subject) {
      const agent = await accessToken(subject, 'tools-provider', { ...login, client_id: 'tools-provider-frontend' });
      const exchange = (more: Record<string, string>) =>
        tokenRequest(
          subject,
          'tools-provider',
          exchangeForm('tools-provider-token-exchange', 'your-secret-here', agent, more),
        );
      assert.match(
        String((await exchange({ audience: 'second-backend' })).body['error_description']),
        /Requested audience not available/,
      );
      assert.equal((await exchange({ audience: 'second-backend', scope: 'second-audience' })).status, 200);
      assert.match(String((await exchange({ audience: 'nowhere' })).body['error_description']), /Audience not found/);
    },
  },
  {
    name: 'the recipe events: a refused exchange leaves an event with its reason',
    async run(subject) {
      const events = await subject.admin.list('/tools-provider/events?type=TOKEN_EXCHANGE_ERROR&max=10', 0);
      assert.ok(
        events.some(({ details }) => typeof details === 'object' && details !== null && 'reason' in details),
        JSON.stringify(events[0]),
      );
    },
  },
  {
    name: 'seed 004: a person logs in by browser and the token names the groups',
    async run(subject) {
      await dropRealm(subject, 'myrealm');
      await applyText(subject, myrealm);
      const client = { id: 'myclient', secret: 'my-client-secret', redirectUri: 'http://localhost:8000/callback' };
      const tokens = await logInByBrowser(subject, 'myrealm', client, { username: 'dev-admin', password: 'password' });
      assert.deepEqual(claimsOf(String(tokens['id_token']))['groups'], ['superusers']);
      assert.deepEqual(claimsOf(String(tokens['access_token']))['groups'], ['superusers']);
      assert.ok(
        (claimsOf(String(tokens['access_token']))['realm_access'] as { roles: string[] }).roles.includes('app-admin'),
      );
    },
  },
  {
    name: 'the recipe mcp: tokens are for the MCP server’s URL, and its scope is there when asked for',
    async run(subject) {
      await dropRealm(subject, 'mcp');
      await applyText(subject, mcp);
      const claims = claimsOf(
        await accessToken(subject, 'mcp', {
          grant_type: 'client_credentials',
          client_id: 'assistant',
          client_secret: 'assistant-secret',
          scope: 'mcp:tools',
        }),
      );
      assert.ok([claims['aud']].flat().includes('http://localhost:8040/mcp'));
      assert.ok(String(claims['scope']).split(' ').includes('mcp:tools'));
    },
  },
];

/** The files of the stories, for what is tried upon them afterwards. */
export const files = { volundr, aip, toolsProvider, myrealm };
