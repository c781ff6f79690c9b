import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import {
  applyPlan,
  exportRealm,
  explainAdminRefusal,
  explainApplyRefusal,
  changesNothing,
  isEmptyPlan,
  planRealm,
  rotateSecret,
  showRealm,
} from '@keyturn/realm';
import type { Case } from './stories.ts';
import { files } from './stories.ts';
import { adminAt, applyText, desiredOf, dropRealm, planText, type Subject } from './subject.ts';
import { tokenRequest } from './tokens.ts';

const realm = 'operations';
const head = `realm: ${realm}\nenabled: true\n`;
const states = [
  head,
  `${head}roles: {realm: [{name: a, composites: {realm: [b]}}, {name: b, attributes: {x: ["1", "2"]}}]}
clientScopes: [{name: menu, protocolMappers: [{name: m, protocolMapper: oidc-audience-mapper, config: {included.custom.audience: x, access.token.claim: "true"}}]}]
clients: [{clientId: web, secret: s, serviceAccountsEnabled: true, fullScopeAllowed: false, redirectUris: ["http://a/*", "http://b/*"], defaultClientScopes: [menu], optionalClientScopes: [email]}]
scopeMappings: [{client: web, roles: [a]}]
groups: [{name: staff, attributes: {k: [v]}, realmRoles: [a], subGroups: [{name: cooks}]}]
users: [{username: ann, enabled: true, email: ann@example.com, firstName: Ann, lastName: Other, realmRoles: [b], groups: [/staff/cooks]}]`,
  `${head}displayName: Other\nssoSessionMaxLifespan: 72000\nattributes: {k: v}
roles: {realm: [{name: b, description: changed, attributes: {x: ["2"]}}], client: {web: [{name: use}]}}
clientScopes: [{name: menu, description: changed, protocolMappers: [{name: m, protocolMapper: oidc-audience-mapper, config: {included.custom.audience: y}}]}]
clients: [{clientId: web, redirectUris: ["http://b/*", "http://c/*"], attributes: {client.session.max.lifespan: "72000"}, optionalClientScopes: [menu]}, {clientId: "https://mcp.example/x"}]
groups: [{name: staff, attributes: {k: [w]}, clientRoles: {web: [use]}}]
users: [{username: ann, firstName: Anna, realmRoles: [b], groups: [/staff]}]`,
];

/** How a plan behaves on a server that lives: from state to state, after a kill, beside other people’s work. */
export const operations: readonly Case[] = [
  {
    name: 'from any state to any other: plan, apply, empty plan',
    async run(subject) {
      await dropRealm(subject, realm);
      for (const from of states)
        for (const to of states)
          if (from !== to) for (const state of [from, to]) await applyText(subject, state, { prune: true });
    },
  },
  {
    name: 'what was made by hand keeps every byte, also under --prune',
    async run(subject) {
      await dropRealm(subject, realm);
      await applyText(subject, states[1] ?? '');
      const { admin } = subject;
      const made = async (path: string, body: object) =>
        admin.write({ method: 'POST', path: `/${realm}${path}`, body: { ...body }, landed: async () => false });
      await made('/clients', {
        clientId: 'hand',
        redirectUris: ['http://hand/*'],
        protocolMappers: [
          {
            name: 'm',
            protocol: 'openid-connect',
            protocolMapper: 'oidc-audience-mapper',
            config: { 'included.custom.audience': 'z' },
          },
        ],
      });
      await made('/roles', { name: 'hand' });
      await made('/client-scopes', { name: 'hand', protocol: 'openid-connect' });
      await made('/groups', { name: 'hand', attributes: { a: ['b'] } });
      const bytes = async () => {
        const lists = [
          '/clients',
          '/roles?briefRepresentation=false',
          '/client-scopes',
          '/groups?briefRepresentation=false',
        ];
        const all = await Promise.all(lists.map((path) => admin.list(`/${realm}${path}`, 0)));
        return JSON.stringify(
          all.map((list) => list.filter((one) => one['name'] === 'hand' || one['clientId'] === 'hand')),
        );
      };
      const before = await bytes();
      await applyText(subject, states[2] ?? '', { prune: true });
      await applyText(subject, states[0] ?? '', { prune: true });
      assert.equal(await bytes(), before);
      assert.equal((await admin.list(`/${realm}/clients?clientId=web`, 0)).length, 0);
    },
  },
  {
    name: 'a client made by hand with the same id is shown as adopt, and only declared fields change',
    async run(subject) {
      await dropRealm(subject, realm);
      await applyText(subject, head);
      await subject.admin.write({
        method: 'POST',
        path: `/${realm}/clients`,
        body: { clientId: 'web', secret: 'by-hand', description: 'mine', redirectUris: ['http://old/*'] },
        landed: async () => false,
      });
      const file = `${head}clients: [{clientId: web, secret: other, redirectUris: ["http://new/*"]}]`;
      const { plan } = await planText(subject, file);
      assert.ok(plan.steps.some((step) => step.action === 'update' && step.type === 'client' && step.adopt));
      await applyText(subject, file);
      const [client] = await subject.admin.list(`/${realm}/clients?clientId=web`, 0);
      assert.deepEqual(
        [client?.['secret'], client?.['description'], client?.['redirectUris']],
        ['by-hand', 'mine', ['http://new/*']],
      );
    },
  },
  {
    name: 'a process that is killed in the middle of apply is finished by the next',
    async run(subject) {
      for (const steps of [1, 4, 9]) {
        await dropRealm(subject, 'tools-provider');
        assert.equal(await killAfter(subject, files.toolsProvider, steps), 'killed');
        await applyText(subject, files.toolsProvider);
      }
    },
  },
  {
    name: 'an export holds no secret, and planned again it changes nothing',
    async run(subject) {
      for (const name of ['tools-provider', 'aip', 'myrealm', 'volundr']) {
        const exported = await exportRealm(subject.admin, name);
        assert.ok(exported.ok);
        const text = showRealm(exported.value, 'yaml');
        assert.doesNotMatch(text, /your-secret-here|agent-1-secret|my-client-secret|pat-secret/);
        assert.ok(changesNothing((await planText(subject, text)).plan), name);
      }
    },
  },
  {
    name: 'a rotated secret works, and the old one does not',
    async run(subject) {
      const credentials = (client_secret: string) => ({
        grant_type: 'client_credentials',
        client_id: 'aip-agent-1',
        client_secret,
      });
      let fresh = '';
      const rotated = await rotateSecret({
        admin: subject.admin,
        realm: 'aip',
        clientId: 'aip-agent-1',
        fetch: subject.fetch,
        random: (n) => crypto.getRandomValues(new Uint8Array(n)),
        deliver: async (secret) => void (fresh = secret),
      });
      assert.ok(rotated.ok);
      assert.equal((await tokenRequest(subject, 'aip', credentials(fresh))).status, 200);
      assert.equal((await tokenRequest(subject, 'aip', credentials('agent-1-secret'))).status, 401);
      // The file's secret is left out of every later plan, and comes back only when asked for.
      assert.ok(isEmptyPlan((await planText(subject, files.aip)).plan));
      await applyText(subject, files.aip, { rotate: ['aip-agent-1'] });
      assert.equal((await tokenRequest(subject, 'aip', credentials('agent-1-secret'))).status, 200);
    },
  },
  {
    name: 'Keycloak down, a wrong password and a missing role are each one clear sentence',
    async run(subject) {
      const said = async (admin: ReturnType<typeof adminAt>) => {
        const planned = await planRealm(admin, desiredOf(files.aip).desired);
        if (planned.ok) {
          const applied = await applyPlan({ admin, ...planned.value });
          return applied.ok ? 'applied' : explainApplyRefusal(applied.refusal, explainAdminRefusal);
        }
        return planned.refusal.why === 'unread'
          ? explainAdminRefusal(planned.refusal.refusal)
          : planned.refusal.faults.join();
      };
      assert.match(await said(adminAt('http://localhost:1', subject.fetch, undefined, 1)), /cannot be reached/);
      assert.match(
        await said(adminAt(subject.url, subject.fetch, { by: 'password', username: 'admin', password: 'wrong' })),
        /login .* was refused/,
      );
      await applyText(
        subject,
        `${head}clients: [{clientId: weak, secret: weak, serviceAccountsEnabled: true}]\nusers: [{username: service-account-weak, serviceAccountClientId: weak, clientRoles: {realm-management: [view-clients]}}]`,
      );
      const weak = adminAt(subject.url, subject.fetch, { by: 'client', clientId: 'weak', clientSecret: 'weak', realm });
      const planned = await planRealm(weak, desiredOf(head).desired);
      assert.ok(!planned.ok && planned.refusal.why === 'unread');
      assert.match(explainAdminRefusal(planned.refusal.refusal), /lacks the role view-realm/);
    },
  },
  {
    name: 'an account of the realm itself plans with view roles, is told what it lacks to apply, and applies with manage roles',
    async run(subject) {
      await dropRealm(subject, realm);
      const account = (name: string, roles: string) =>
        `{username: service-account-${name}, serviceAccountClientId: ${name}, clientRoles: {realm-management: [${roles}]}}`;
      await applyText(
        subject,
        `${head}clients: [{clientId: viewer, secret: v, serviceAccountsEnabled: true}, {clientId: manager, secret: m, serviceAccountsEnabled: true}]
users: [${account('viewer', 'view-realm, view-clients, view-users')}, ${account('manager', 'manage-realm, manage-clients, manage-users')}]`,
      );
      const as = (clientId: string, clientSecret: string) =>
        adminAt(subject.url, subject.fetch, { by: 'client', clientId, clientSecret, realm });
      const { desired } = desiredOf(
        `${head}roles: {realm: [{name: new}]}\nclients: [{clientId: new}]\ngroups: [{name: new}]`,
      );
      for (const [clientId, secret] of [
        ['viewer', 'v'],
        ['manager', 'm'],
      ] as const) {
        const admin = as(clientId, secret);
        const planned = await planRealm(admin, desired);
        assert.ok(planned.ok, JSON.stringify(planned));
        const applied = await applyPlan({ admin, ...planned.value });
        if (clientId === 'manager')
          assert.ok(applied.ok && applied.value.differences.length === 0, JSON.stringify(applied));
        else
          assert.match(
            applied.ok ? 'applied' : explainApplyRefusal(applied.refusal, explainAdminRefusal),
            /lacks the role manage-/,
          );
      }
    },
  },
];

/** Runs an apply in a process of its own and kills it without warning after some steps. */
function killAfter(subject: Subject, file: string, steps: number): Promise<'killed' | 'finished'> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [new URL('apply-process.ts', import.meta.url).pathname, subject.url], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let told = 0;
    createInterface({ input: child.stdout }).on('line', () => {
      told += 1;
      if (told === steps) child.kill('SIGKILL');
    });
    child.once('error', reject);
    child.once('close', (code) =>
      code === null ? resolve('killed') : code === 0 ? resolve('finished') : reject(new Error(`left with ${code}`)),
    );
    child.stdin.end(file);
  });
}
