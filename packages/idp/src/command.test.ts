import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from './command.ts';
import { parseArguments } from './command-line.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'idp-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs the command until it has printed its address, then stops it. */
async function run(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
  use: (url: string) => Promise<void> = async () => {},
) {
  const parsed = parseArguments(argv, env);
  if (!parsed.ok || parsed.value === 'help') throw new Error('not a command');
  const complaints: string[] = [];
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  let used: Promise<void> = Promise.resolve();
  const status = await runCommand(parsed.value, {
    env,
    print: (line) => {
      const url = /http:\S+\d/.exec(line)?.[0];
      if (url !== undefined) used = use(url).finally(stop);
    },
    complain: (line) => complaints.push(line),
    stopped,
  });
  await used;
  return { status, complaints: complaints.join('\n') };
}

describe('the command', () => {
  it.each([
    [
      'r-realm.json',
      '{"realm":"r","enabled":true,"clients":[{"clientId":"svc","secret":"${SECRET:dflt}","serviceAccountsEnabled":true}]}',
    ],
    [
      'r-realm.yaml',
      'realm: r\nenabled: true\nclients:\n  - {clientId: svc, secret: "${SECRET:dflt}", serviceAccountsEnabled: true}\n',
    ],
  ])('serves the realm of %s, with its placeholders from the environment', async (name, text) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    let status = 0;
    const ended = await run(['--import', path, '--port', '0'], { SECRET: 'from-env' }, async (url) => {
      const form = { grant_type: 'client_credentials', client_id: 'svc', client_secret: 'from-env' };
      const answer = await fetch(`${url}/realms/r/protocol/openid-connect/token`, {
        method: 'POST',
        body: new URLSearchParams(form),
      });
      status = answer.status;
    });
    expect([ended.status, status]).toEqual([0, 200]);
  });

  it('says what is wrong with a realm file, and where', async () => {
    const path = join(folder, 'bad-realm.json');
    writeFileSync(path, '{"realm": "r",\n "enabled": }');
    const ended = await run(['--import', path, '--port', '0']);
    expect(ended.status).toBe(2);
    expect(ended.complaints).toContain('bad-realm.json:2:');
  });

  it('takes Keycloak’s names from the environment, and its own word for what is unsafe', async () => {
    const parsed = parseArguments([], {
      KC_HOSTNAME: 'https://id.example.com',
      KC_HTTP_PORT: '8090',
      KC_PROXY_HEADERS: 'xforwarded',
    });
    expect(parsed).toMatchObject({
      value: {
        port: 8090,
        allowNonLoopback: false,
        http: { hostname: 'https://id.example.com', proxyHeaders: 'xforwarded' },
      },
    });
    const open = await run(['--port', '0', '--host', '0.0.0.0']);
    expect(open).toMatchObject({ status: 1, complaints: expect.stringContaining('loopback only') });
  });

  it('takes a command line that was written for Keycloak', async () => {
    const keycloak =
      'start-dev --http-enabled=true --proxy-headers=xforwarded --http-relative-path=/auth --hostname-strict=false --hostname=https://id.example.com/auth --hostname-backchannel-dynamic=true --health-enabled=true --import-realm';
    expect(parseArguments(keycloak.split(' '), {})).toMatchObject({
      value: {
        managementPort: 9001,
        imports: ['data/import'],
        http: {
          hostname: 'https://id.example.com/auth',
          hostnameBackchannelDynamic: true,
          httpRelativePath: '/auth',
          proxyHeaders: 'xforwarded',
        },
      },
    });
    const off = parseArguments(['--hostname-backchannel-dynamic=false'], {});
    expect(off.ok && off.value !== 'help' && off.value.http.hostnameBackchannelDynamic).toBeUndefined();
  });

  it('imports the realm files of a folder, by their names, into a data file whose folder it makes', async () => {
    for (const name of ['a-realm.json', 'b-realm.json', 'notes.json'])
      writeFileSync(join(folder, name), JSON.stringify({ realm: name.slice(0, 1), enabled: true }));
    const data = join(folder, 'deep', 'idp.db');
    const found: number[] = [];
    const ended = await run(['--import', folder, '--data', data, '--port', '0'], {}, async (url) => {
      for (const realm of ['a', 'b', 'n']) found.push((await fetch(`${url}/realms/${realm}`)).status);
    });
    expect([ended.status, ...found]).toEqual([0, 200, 200, 404]);
  });

  it('warns when it is told to listen beyond this machine', async () => {
    const unsafe = '--allow-non-loopback-though-not-for-production';
    const { complaints } = await run([unsafe, '--port', '0'], {}, async () => {});
    expect(complaints).toContain(`warning: ${unsafe}`);
  });

  it.each([
    [['start'], 'production, which belongs on Keycloak'],
    [['start-dev', 'banana'], "Unexpected argument 'banana'"],
    [['--port', '70000'], '70000 is not a port'],
    [['--proxy-headers', 'all'], '--proxy-headers is xforwarded or forwarded, not all'],
    [['--banana'], "Unknown option '--banana'"],
  ])('refuses %j', (argv, message) => {
    expect(parseArguments(argv, {})).toMatchObject({ ok: false, refusal: expect.stringContaining(message) });
  });
});
