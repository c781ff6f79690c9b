import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchByGo } from './go-install.ts';
import { standUp, startProcess } from './process.ts';

/** The version that is tested against. */
export const caddyVersion = process.env['CADDY_VERSION'] ?? 'v2.10.2';

/** Why no real Caddy can run here. A suite prints it and goes on without on a user's machine; in CI it is a failure. */
export class NoCaddy extends Error {}

/** Starts Caddy with a Caddyfile, and waits until `url` answers with `status`. */
export async function openCaddy(options: {
  readonly caddyfile: string;
  readonly url: string;
  readonly status: number;
}): Promise<{ readonly stop: () => Promise<void> }> {
  const program = await fetchByGo({
    name: `caddy-${caddyVersion}`,
    package: `github.com/caddyserver/caddy/v2/cmd/caddy@${caddyVersion}`,
    program: 'caddy',
  }).catch((error: unknown) => {
    throw new NoCaddy(`Caddy ${caddyVersion} is built by go install, which failed: ${String(error)}`);
  });
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-caddy-'));
  const path = join(folder, 'Caddyfile');
  // Of Caddy's own: no admin port, no certificates, nothing left behind in the home of whoever runs this.
  await writeFile(path, `{\n\tadmin off\n\tauto_https off\n\tpersist_config off\n}\n${options.caddyfile}`);
  const running = startProcess(program, ['run', '--config', path, '--adapter', 'caddyfile'], {
    env: { XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder, HOME: folder },
  });
  return standUp(running, folder, options);
}
