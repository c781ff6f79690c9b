// npm run bench -- realm
//
// How long a plan of a realm with 500 clients and 1,000 roles takes, and how many requests it needs, beside
// @keycloak/keycloak-admin-client reading the same objects. Against the Keycloak at KEYCLOAK_URL (administrator
// admin/admin), which must be warm, or the embedded identity provider in this process.
import KeycloakAdminClient from '@keycloak/keycloak-admin-client';
import { createIdp } from '@keyturn/idp';
import { createGuardedFetch, type GuardedFetch } from '@keyturn/net';
import {
  applyPlan,
  changesNothing,
  createAdmin,
  type Desired,
  parseRealmDeclaration,
  planRealm,
  spreadRealm,
} from '@keyturn/realm';
import { formatTable, median } from '../parts/statistics.ts';

const realm = 'keyturn-bench';
const aimSeconds = 3;

const file = {
  realm,
  enabled: true,
  roles: {
    realm: Array.from({ length: 1000 }, (_, index) => ({ name: `role-${index}`, description: `Role ${index}` })),
  },
  clients: Array.from({ length: 500 }, (_, index) => ({
    clientId: `client-${index}`,
    enabled: true,
    serviceAccountsEnabled: index % 5 === 0,
    redirectUris: [`https://app-${index}.example.com/*`],
    attributes: { 'post.logout.redirect.uris': '+' },
    protocolMappers: [
      {
        name: 'audience',
        protocol: 'openid-connect',
        protocolMapper: 'oidc-audience-mapper',
        config: { 'included.custom.audience': 'api', 'access.token.claim': 'true' },
      },
    ],
  })),
};

/** Runs the bench; not ok when a plan takes 3 s or more, or needs more than one request a kind and page. */
export async function run(): Promise<{ readonly line: string; readonly ok: boolean }> {
  const given = process.env['KEYCLOAK_URL'];
  const idp =
    given === undefined
      ? await createIdp({
          dataUrl: 'sqlite::memory:',
          env: { KC_BOOTSTRAP_ADMIN_USERNAME: 'admin', KC_BOOTSTRAP_ADMIN_PASSWORD: 'admin' },
        })
      : undefined;
  const url = (given ?? (await idp?.listen({ port: 0 })) ?? '').replace(/\/$/, '');
  const fetch = createGuardedFetch({ allowPrivateHosts: [new URL(url).hostname] });
  try {
    const counted = countRequests(fetch);
    const admin = createAdmin({
      url,
      login: { by: 'password', username: 'admin', password: 'admin' },
      fetch: counted.fetch,
      clock: () => Date.now(),
      sleep: async () => undefined,
    });
    const drop = () => admin.write({ method: 'DELETE', path: `/${realm}`, landed: async () => false });
    if ((await admin.find(`/${realm}`)) !== undefined) await drop();
    const desired = readFile();
    await make(admin, desired);
    const rounds = process.env['BENCH_QUICK'] === '1' ? 3 : 7;
    const [plans, peers]: [number[], number[]] = [[], []];
    let requests: readonly string[] = [];
    for (let round = 0; round < rounds; round++) {
      // In turns, so that a busy moment of the machine meets both.
      counted.take();
      plans.push(await timed(() => plan(admin, desired)));
      requests = counted.take();
      peers.push(await timed(() => readWithPeer(url)));
    }
    await drop();
    const [mine, theirs] = [median(plans), median(peers)];
    console.log(
      formatTable([
        ['', 'median s', 'requests'],
        ['keyturn realm plan', mine.toFixed(2), `${requests.length}`],
        ['keycloak-admin-client, reading only', theirs.toFixed(2), '4'],
      ]),
    );
    console.log(requests.join('\n'));
    const ok = mine < aimSeconds && new Set(requests).size === requests.length && requests.length <= 4;
    const where = given === undefined ? 'the embedded IdP' : 'Keycloak';
    return {
      line: `realm: planning 500 clients and 1,000 roles on ${where}: ${mine.toFixed(2)} s with ${requests.length} requests; keycloak-admin-client reads the same in ${theirs.toFixed(2)} s`,
      ok,
    };
  } finally {
    await fetch.close();
    await idp?.close();
  }
}

function readFile(): Desired {
  const parsed = parseRealmDeclaration(JSON.stringify(file), { path: 'realm.json', env: {} });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.refusal));
  return spreadRealm(parsed.value.representation);
}

/** Makes the realm as `keyturn realm apply` does; a Keycloak wants half a minute for its 2,000 writes. */
async function make(admin: ReturnType<typeof createAdmin>, desired: Desired): Promise<void> {
  console.error('making the realm …');
  const planned = await planRealm(admin, desired);
  if (!planned.ok) throw new Error(JSON.stringify(planned.refusal));
  const applied = await applyPlan({ admin, ...planned.value });
  if (!applied.ok) throw new Error(JSON.stringify(applied.refusal));
}

async function plan(admin: ReturnType<typeof createAdmin>, desired: Desired): Promise<void> {
  const planned = await planRealm(admin, desired);
  if (!planned.ok || !changesNothing(planned.value.plan))
    throw new Error(`the realm is not as the file: ${JSON.stringify(planned).slice(0, 500)}`);
}

async function readWithPeer(baseUrl: string): Promise<void> {
  const peer = new KeycloakAdminClient({ baseUrl, realmName: 'master' });
  await peer.auth({ grantType: 'password', clientId: 'admin-cli', username: 'admin', password: 'admin' });
  peer.setConfig({ realmName: realm });
  const all = await Promise.all([
    peer.realms.findOne({ realm }),
    peer.clients.find(),
    peer.roles.find({ max: -1, briefRepresentation: false }),
  ]);
  if ((all[1]?.length ?? 0) < 500 || (all[2]?.length ?? 0) < 1000) throw new Error('the peer has read too little');
}

async function timed(work: () => Promise<void>): Promise<number> {
  const from = performance.now();
  await work();
  return (performance.now() - from) / 1000;
}

/** Notes each request of the admin API: `GET …/clients?first=0&max=500`. */
function countRequests(fetch: GuardedFetch): { readonly fetch: GuardedFetch; readonly take: () => readonly string[] } {
  let seen: string[] = [];
  const counting = (url: string | URL, request?: Parameters<GuardedFetch>[1]) => {
    if (String(url).includes('/admin/'))
      seen.push(`${request?.method ?? 'GET'} ${String(url).replace(/^.*\/admin/, '')}`);
    return fetch(url, request);
  };
  const take = () => {
    const taken = seen;
    seen = [];
    return taken;
  };
  return {
    fetch: Object.assign(counting, { close: () => fetch.close(), [Symbol.asyncDispose]: () => fetch.close() }),
    take,
  };
}
