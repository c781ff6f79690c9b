import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { javaHome, keycloakHome } from '../../parts/keycloak.ts';
import { NotToBeHad } from './not-to-be-had.ts';

const run = promisify(execFile);

/** Keycloak's own command for administrators, out of its distribution. Each call starts a Java, so there are few. */
export async function runKcadm(base: string, realm: string): Promise<string> {
  const [home, java] = await Promise.all([keycloakHome(() => {}), javaHome()]).catch((fault: Error) => {
    throw new NotToBeHad(fault.message);
  });
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-kcadm-'));
  const kcadm = async (...args: readonly string[]): Promise<string> => {
    const config = ['--config', join(folder, 'kcadm.config')];
    const { stdout, stderr } = await run(join(home, 'bin', 'kcadm.sh'), [...args, ...config], {
      env: { ...process.env, JAVA_HOME: java },
      timeout: 60_000,
    });
    return stdout + stderr;
  };
  const refusal = async (...args: readonly string[]): Promise<string> =>
    await kcadm(...args).then(
      () => {
        throw new Error(`${args.join(' ')} was not refused`);
      },
      (fault: Error & { readonly stderr?: string }) => fault.stderr ?? fault.message,
    );
  const expect = (text: string, part: string): void => {
    if (!text.includes(part)) throw new Error(`kcadm said ${JSON.stringify(text)}, not ${part}`);
  };
  const login = ['config', 'credentials', '--server', base, '--realm', 'master', '--user', 'admin'];
  try {
    expect(await refusal(...login, '--password', 'wrong'), 'Invalid user credentials [invalid_grant]');
    await kcadm(...login, '--password', 'admin');
    await kcadm('delete', `realms/${realm}`).catch(() => '');
    expect(await kcadm('create', 'realms', '-s', `realm=${realm}`, '-s', 'enabled=true'), 'Created new realm with id');
    expect(
      await kcadm('create', 'clients', '-r', realm, '-s', 'clientId=app', '-s', 'redirectUris=["http://localhost/*"]'),
      'Created new client with id',
    );
    await kcadm('create', 'users', '-r', realm, '-s', 'username=ann', '-s', 'enabled=true');
    await kcadm('set-password', '-r', realm, '--username', 'ann', '--new-password', 'pw');
    await kcadm('create', 'roles', '-r', realm, '-s', 'name=clerk');
    await kcadm('add-roles', '-r', realm, '--uusername', 'ann', '--rolename', 'clerk');
    expect(await kcadm('get-roles', '-r', realm, '--uusername', 'ann', '--effective', '--fields', 'name'), 'clerk');
    expect(await kcadm('get', 'clients', '-r', realm, '-q', 'clientId=app', '--fields', 'clientId'), '"app"');
    await kcadm('delete', `realms/${realm}`);
    return 'realm, client, user, password, role';
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
