import { existsSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { standUp, startProcess } from './process.ts';

/** Why no real nginx can run here. A suite prints it and skips on a user's machine; in CI it is a failure. */
export class NoNginx extends Error {}

/** Starts nginx with the contents of an `http` block, and waits until `url` answers with something. */
export async function openNginx(options: {
  readonly http: string;
  readonly url: string;
  readonly status: number;
}): Promise<{ readonly pid: number; readonly stop: () => Promise<void> }> {
  const program = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/opt/homebrew/bin/nginx'].find((path) =>
    existsSync(path),
  );
  if (program === undefined) throw new NoNginx('nginx is not installed (apt-get install nginx-light)');
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-nginx-'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  );
  const config = `
worker_processes 1;
daemon off;
master_process off;
error_log ${join(folder, 'error.log')} warn;
pid ${join(folder, 'nginx.pid')};
events { worker_connections 512; }
http {
  access_log off;
  ${temporary.join('\n  ')}
${options.http}
}
`;
  await writeFile(join(folder, 'nginx.conf'), config);
  const running = startProcess(program, [
    '-p',
    folder,
    '-e',
    join(folder, 'error.log'),
    '-c',
    join(folder, 'nginx.conf'),
  ]);
  return { pid: running.child.pid ?? 0, ...(await standUp(running, folder, options)) };
}
