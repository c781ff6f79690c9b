import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { devPorts, openDev, startDev } from '@keyturn/conformance/parts/dev';
import type { RunningProcess } from '@keyturn/conformance/parts/process';
import { afterEach, describe, expect, it } from 'vitest';

const opened: RunningProcess[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const running of opened.splice(0)) await running.stop('SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-dev-'));
  folders.push(folder);
  return folder;
}

describe('npm start', () => {
  it('prints commands that work when pasted, keeps its data private, and starts again with it', async () => {
    const data = newFolder();
    const first = await openDev({ data });
    opened.push(first.running);
    const printed = first.running.output();
    const commands = printed.slice(printed.indexOf('export TOKEN='));
    // bash and curl are what the block is for; a machine without them cannot paste it.
    const pasted = await promisify(execFile)('bash', ['-c', commands]).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (pasted !== undefined) {
      expect(pasted.stdout).toContain('"inventory_count":6');
      expect(pasted.stdout).toContain('"status":"completed"');
      expect(pasted.stdout).toMatch(/"name":"ci \d+".*"read_only":true.*"token":"eyJ/);
      expect(pasted.stdout.match(/"aud":\["pizzeria-backend"\]/g)?.length).toBeGreaterThanOrEqual(2);
    }
    for (const name of readdirSync(data)) {
      expect((statSync(join(data, name)).mode & 0o777).toString(8), name).toBe('600');
    }
    expect(await first.close('SIGINT')).toBe(0);

    const again = await openDev({ data });
    opened.push(again.running);
    expect(await again.close('SIGTERM')).toBe(0);
  });

  it.each(['idpManagement', 'management'] as const)('ends, and names the port, when %s is taken', async (name) => {
    const ports = await devPorts();
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(ports[name], '127.0.0.1', resolve));
    const running = startDev({ ports, data: newFolder() });
    opened.push(running);
    expect(await running.ended).toBe(1);
    expect(running.output()).toContain(`Port ${ports[name]} is taken`);
    await new Promise((resolve) => holder.close(resolve));
  });

  it('says in one line which port is taken and how to choose another', async () => {
    const ports = await devPorts();
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(ports.keyturn, '127.0.0.1', resolve));
    const running = startDev({ ports, data: newFolder() });
    opened.push(running);
    expect(await running.ended).toBe(1);
    expect(running.output().trim()).toMatch(new RegExp(`^Port ${ports.keyturn} is taken.*--port \\d+$`));
    await new Promise((resolve) => holder.close(resolve));
  });
});
