#!/usr/bin/env node
// Third capture: what depends on how the server is STARTED (import of realm files, hostname options, features, readiness). Works on an
// unpacked Keycloak of its own, whose data/ it wipes:   node capture-startup.mjs --kc-home /path/to/keycloak --out golden-startup.json
// (JAVA_HOME must be set; ports 8290/9290). It calls capture-hostname.mjs for the running server with a public hostname.
import { spawn, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { send, Recorder, sleep, decodeJwt } from './lib.mjs';
const arg = (n, d) => { const i = process.argv.indexOf('--' + n); return i < 0 ? d : process.argv[i + 1]; };
const HOME = arg('kc-home'); const OUT = arg('out', 'golden-startup.json'); const HOUT = arg('hostname-out', 'golden-hostname.json');
const here = path.dirname(fileURLToPath(import.meta.url));
const PORT = 8290; const MP = 9290; const LOG = arg('logs', 'kc-startup-logs'); fs.mkdirSync(LOG, { recursive: true });
if (!HOME || !fs.existsSync(HOME + '/bin/kc.sh')) throw new Error('--kc-home');
const R = new Recorder({ base: `http://127.0.0.1:${PORT}`, mgmt: `http://127.0.0.1:${MP}`, meta: { tool: 'capture-startup.mjs', at: new Date().toISOString() } });
const seed = '004';
const env0 = { ...process.env, KC_BOOTSTRAP_ADMIN_USERNAME: 'admin', KC_BOOTSTRAP_ADMIN_PASSWORD: 'admin' };
for (const k of ['KEYCLOAK_CLIENT_SECRET', 'DEV_ADMIN_PASSWORD', 'DEV_USER_PASSWORD', 'APP_URL', 'KC_HOSTNAME_BACKCHANNEL_DYNAMIC']) delete env0[k];
const ENV = { KEYCLOAK_CLIENT_SECRET: 'env-secret', DEV_ADMIN_PASSWORD: 'adm-env-pw', APP_URL: 'https://app.example.com' };
const common = [`--http-port=${PORT}`, `--http-management-port=${MP}`];
const devA = ['start-dev', ...common, '--health-enabled=true', '--metrics-enabled=true', '--http-relative-path=/auth', '--proxy-headers=xforwarded'];
const code = async (u) => { try { const r = await send('GET', u); return r; } catch { return { status: 0, headers: {}, text: '' }; } };
function spawnKc(name, args, env = {}) {
  const fd = fs.openSync(`${LOG}/${name}.log`, 'w');
  const p = spawn(HOME + '/bin/kc.sh', args, { env: { ...env0, ...env }, detached: true, stdio: ['ignore', fd, fd] });
  const s = { p, name, done: false, code: null, t0: Date.now(), log: () => fs.readFileSync(`${LOG}/${name}.log`, 'utf8') };
  p.on('exit', (c) => { s.done = true; s.code = c; });
  return s;
}
async function stop(s) { if (s.done) return; try { process.kill(-s.p.pid, 'SIGTERM'); } catch { /* gone */ } for (let i = 0; i < 100 && !s.done; i++) await sleep(300); }
async function ready(s, url, ms = 420000) { while (!s.done && Date.now() - s.t0 < ms) { if ((await code(url)).status === 200) break; await sleep(300); } return (Date.now() - s.t0) / 1000; }
const clean = (l) => l.replace(/^\d{4}-\S+ \S+ +/, '').replace(HOME, '<kc-home>').replace(/\/bin\/\.\./, '').replace(/in [\d.]+ ?m?s(econds)?/, 'in <n> s').trim();
const grep = (s, re) => s.log().split('\n').filter((l) => re.test(l)).map(clean);
const rss = (s) => { try { const pid = execFileSync('pgrep', ['-g', String(s.p.pid), 'java']).toString().trim().split('\n')[0]; const st = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' '); return { rssMiB: Math.round(+/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1] / 1024), cpuSeconds: (+st[11] + +st[12]) / 100 }; } catch { return null; } };
const wipe = () => fs.rmSync(HOME + '/data', { recursive: true, force: true });
const putRealm = () => { fs.mkdirSync(HOME + '/data/import', { recursive: true }); fs.copyFileSync(here + '/myrealm-realm.json', HOME + '/data/import/myrealm-realm.json'); };
const form = (o) => { const body = new URLSearchParams(o).toString(); return { headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': body.length }, body }; };
const B = `http://127.0.0.1:${PORT}/auth`;
const adminTok = async (b = B) => (await send('POST', b + '/realms/master/protocol/openid-connect/token', form({ grant_type: 'password', client_id: 'admin-cli', username: 'admin', password: 'admin' }))).json?.access_token;
const client = async (b = B) => (await send('GET', b + '/admin/realms/myrealm/clients?clientId=myclient', { headers: { Authorization: 'Bearer ' + await adminTok(b) } })).json?.[0];
const timing = [];
async function failing(id, d, args, env) { const s = spawnKc(id, args, env); for (let i = 0; i < 600 && !s.done; i++) { await sleep(300); if (i % 10 === 9 && (await code(`http://127.0.0.1:${MP}/auth/health/ready`)).status === 200) break; } R.fact('start.' + id, { seed, d, value: { started: !s.done, exit: s.code, errors: grep(s, /^ERROR|Unknown option|must be|Try/).slice(0, 6) } }); await stop(s); }

// ---- options that are refused
wipe();
const noReady = ['start', ...common, '--http-enabled=true', '--health-enabled=true', '--metrics-enabled=true', '--http-relative-path=/auth', '--proxy-headers=xforwarded'];
await failing('backchannel-without-hostname', "seed 004's dev settings: --hostname-strict=false and KC_HOSTNAME_BACKCHANNEL_DYNAMIC=true, no hostname", [...devA, '--hostname-strict=false'], { KC_HOSTNAME_BACKCHANNEL_DYNAMIC: 'true' });
await failing('backchannel-bare-hostname', 'hostname given without scheme, with backchannel dynamic', [...devA, '--hostname=id.example.com', '--hostname-backchannel-dynamic=true']);
await failing('unknown-feature', '--features with an unknown name', [...devA, '--features=banana']);
// ---- import with a missing variable
putRealm();
let s = spawnKc('import-missing-env', [...devA, '--import-realm', '--hostname=https://id.example.com/auth', '--hostname-backchannel-dynamic=true'], { APP_URL: 'https://app.example.com', DEV_ADMIN_PASSWORD: 'x' });
timing.push({ what: 'start-dev, empty database, import (first start of this distribution with these build options)', seconds: await ready(s, `http://127.0.0.1:${MP}/auth/health/ready`), ...rss(s) });
const cm = await client();
R.fact('start.import-missing-env', { seed, d: 'realm file with "secret": "${KEYCLOAK_CLIENT_SECRET}" and the variable unset: the literal text becomes the secret, without a warning', value: { secret: cm?.secret, warnings: grep(s, /KEYCLOAK_CLIENT_SECRET|placeholder|unresolved/i), tokenWithLiteral: (await send('POST', B + '/realms/myrealm/protocol/openid-connect/token', form({ grant_type: 'client_credentials', client_id: 'myclient', client_secret: '${KEYCLOAK_CLIENT_SECRET}' }))).status } });
await stop(s);
// ---- import with all variables, public hostname
wipe(); putRealm();
const hostArgs = [...devA, '--import-realm', '--hostname=https://id.example.com/auth', '--hostname-backchannel-dynamic=true'];
s = spawnKc('import-hostname', hostArgs, ENV);
timing.push({ what: 'start-dev, empty database, import', seconds: await ready(s, `http://127.0.0.1:${MP}/auth/health/ready`), ...rss(s) });
R.fact('start.import-log', { seed, d: 'log of a first start with --import-realm', value: grep(s, /import/i) });
execFileSync('node', [here + '/capture-hostname.mjs', '--base', B, '--mgmt', `http://127.0.0.1:${MP}`, '--public', 'https://id.example.com/auth', '--out', HOUT], { env: { ...process.env, ...ENV }, stdio: 'inherit' });
await stop(s);
s = spawnKc('import-again', hostArgs, { ...ENV, KEYCLOAK_CLIENT_SECRET: 'changed-secret' });
timing.push({ what: 'start-dev, existing database', seconds: await ready(s, `http://127.0.0.1:${MP}/auth/health/ready`), ...rss(s) });
R.fact('start.import-again', { seed, d: 'second start with --import-realm and another KEYCLOAK_CLIENT_SECRET: nothing changes', value: { log: grep(s, /import/i), secret: (await client())?.secret } });
await stop(s);
// ---- offline import and export
for (const [id, args] of [['import-cli-no-override', ['import', '--override=false', '--file', HOME + '/data/import/myrealm-realm.json']], ['import-cli', ['import', '--file', HOME + '/data/import/myrealm-realm.json']]]) {
  s = spawnKc(id, args, { ...ENV, KEYCLOAK_CLIENT_SECRET: 'cli-secret' }); while (!s.done) await sleep(300);
  timing.push({ what: 'kc.sh ' + args[0] + ' ' + (args.includes('--override=false') ? '--override=false' : '(default)'), seconds: (Date.now() - s.t0) / 1000 });
  R.fact('start.' + id, { seed, d: `kc.sh import ${args.includes('--override=false') ? 'with --override=false' : 'with its default (override)'} on an existing realm, server stopped`, value: { exit: s.code, log: grep(s, /ImportUtils/) } });
}
const exp = 'kc-startup-export'; fs.rmSync(exp, { recursive: true, force: true });
s = spawnKc('export-cli', ['export', '--dir', exp, '--realm', 'myrealm', '--users', 'realm_file']); while (!s.done) await sleep(300);
const ex = JSON.parse(fs.readFileSync(exp + '/myrealm-realm.json')); const ec = ex.clients.find((c) => c.clientId === 'myclient');
R.fact('start.export-cli', { seed, d: 'kc.sh export: secrets in clear text, users with hashed credentials', value: { exit: s.code, secret: ec.secret, users: ex.users.map((u) => u.username).sort(), credentialFields: Object.keys(ex.users[0].credentials[0] || {}), algorithm: JSON.parse(ex.users.find((u) => u.credentials.length)?.credentials[0].credentialData || '{}').algorithm, topLevelKeys: Object.keys(ex).length } });
// ---- seed 000's features (legacy exchange)
wipe();
const LB = `http://127.0.0.1:${PORT}`;
s = spawnKc('legacy-features', ['start-dev', ...common, '--health-enabled=true', '--metrics-enabled=true', '--features=token-exchange,admin-fine-grained-authz']);
timing.push({ what: 'start-dev, empty database, with augmentation', seconds: await ready(s, `http://127.0.0.1:${MP}/health/ready`), ...rss(s) });
R.fact('start.legacy-features-log', { seed: '000', d: 'log lines about features with --features=token-exchange,admin-fine-grained-authz', value: grep(s, /eatures/).filter((l) => !/Installed/.test(l)) });
{
  const adm = async (m, p, j) => { const body = j === undefined ? undefined : JSON.stringify(j); return send(m, LB + '/admin/realms' + p, { headers: { Authorization: 'Bearer ' + await adminTok(LB), 'Content-Type': 'application/json', 'Content-Length': body ? Buffer.byteLength(body) : 0 }, body }); };
  const aud = (n, c) => ({ name: n, protocol: 'openid-connect', protocolMapper: 'oidc-audience-mapper', config: { 'included.client.audience': c, 'access.token.claim': 'true', 'id.token.claim': 'false' } });
  await adm('POST', '', { realm: 'v1', enabled: true });
  await adm('POST', '/v1/clients', { clientId: 'api', secret: 'api-secret', serviceAccountsEnabled: true });
  await adm('POST', '/v1/clients', { clientId: 'web', publicClient: true, directAccessGrantsEnabled: true, protocolMappers: [aud('a', 'issuer'), aud('b', 'api')] });
  await adm('POST', '/v1/clients', { clientId: 'issuer', secret: 'pis', standardFlowEnabled: false, serviceAccountsEnabled: true, protocolMappers: [aud('x', 'api')], attributes: { 'access.token.lifespan': '31536000' } });
  await adm('POST', '/v1/users', { username: 'alice', enabled: true, email: 'al@x.yz', firstName: 'A', lastName: 'L', emailVerified: true, credentials: [{ type: 'password', value: 'p' }] });
  const tok = (o) => send('POST', LB + '/realms/v1/protocol/openid-connect/token', form(o));
  const login = async () => (await tok({ grant_type: 'password', client_id: 'web', username: 'alice', password: 'p' })).json;
  const AT = 'urn:ietf:params:oauth:token-type:access_token';
  const x = (t, more = {}) => tok({ grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', client_id: 'issuer', client_secret: 'pis', subject_token: t, subject_token_type: AT, ...more });
  const sum = (r) => ({ status: r.status, expires_in: r.json.expires_in, refresh_expires_in: r.json.refresh_expires_in, issued_token_type: r.json.issued_token_type, error: r.json.error, error_description: r.json.error_description, aud: decodeJwt(r.json.access_token)?.payload.aud });
  const v = {};
  v['no audience, no requested_token_type, sso max 36000'] = sum(await x((await login()).access_token));
  await adm('PUT', '/v1', { ssoSessionMaxLifespan: 31536000 });
  const l = await login(); const e = await x(l.access_token); v['the same, sso max 31536000'] = sum(e);
  v['requested_token_type=access_token'] = sum(await x(l.access_token, { requested_token_type: AT }));
  v['audience=api'] = sum(await x(l.access_token, { audience: 'api' }));
  const I = async (t) => (await send('POST', LB + '/realms/v1/protocol/openid-connect/token/introspect', form({ token: t, client_id: 'api', client_secret: 'api-secret' }))).json.active;
  v['introspection live'] = await I(e.json.access_token);
  await send('POST', LB + '/realms/v1/protocol/openid-connect/logout', form({ client_id: 'web', refresh_token: l.refresh_token }));
  v['introspection after logout of the web client'] = await I(e.json.access_token);
  R.fact('start.legacy-exchange', { seed: '000', d: "seed 000 as written (features token-exchange + admin-fine-grained-authz, client WITHOUT the standard switch): served by the legacy V1 provider; the default response is a REFRESH token answer", value: v });
}
await stop(s);
// ---- production mode: readiness
wipe();
await new Promise((z) => spawnKc('build', ['build', '--db=dev-file', '--health-enabled=true', '--metrics-enabled=true']).p.on('exit', z));
await (async () => { const f = spawnKc('prod-no-hostname', ['start', '--optimized', ...common, '--http-enabled=true']); for (let i = 0; i < 400 && !f.done; i++) await sleep(300); R.fact('start.prod-no-hostname', { seed, d: 'kc.sh start without hostname and with hostname-strict (default true)', value: { exit: f.code, errors: grep(f, /^ERROR/).slice(0, 4) } }); await stop(f); })();
for (const what of ['empty database', 'existing database']) {
  s = spawnKc('prod-' + what.split(' ')[0], ['start', '--optimized', ...common, '--http-enabled=true', '--hostname-strict=false']);
  const seen = []; let prev = ''; let body = null; let retry;
  while (!s.done && Date.now() - s.t0 < 300000) {
    const [m, r, l, st] = await Promise.all([code(`${LB}/realms/master`), code(`http://127.0.0.1:${MP}/health/ready`), code(`http://127.0.0.1:${MP}/health/live`), code(`http://127.0.0.1:${MP}/health/started`)]);
    const k = `main=${m.status} ready=${r.status} live=${l.status} started=${st.status}`; if (k !== prev) { seen.push(k); prev = k; }
    if (m.status === 503 && body === null) { body = m.text; retry = m.headers['retry-after'] ?? null; }
    if (m.status === 200 && r.status === 200) break;
    await sleep(150);
  }
  timing.push({ what: 'start --optimized, ' + what, seconds: (Date.now() - s.t0) / 1000, ...rss(s) });
  R.fact('start.prod-readiness-' + what.split(' ')[0], { seed, d: `kc.sh start --optimized, ${what}: main port and health in time`, value: { sequence: seen, bodyDuringBootstrap: body, retryAfter: retry } });
  await stop(s);
}
R.meta.timing = timing; R.meta.caseCount = R.cases.length;
R.write(OUT);
console.error(JSON.stringify(timing, null, 1)); console.error(R.cases.length + ' cases -> ' + OUT);
void noReady;
