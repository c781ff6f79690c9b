import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@keyturn/server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openService } from './open-service.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyturn-refused-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** SQLite removes its log when the last connection is closed. */
const isOpen = (): boolean => existsSync(join(folder, 'keyturn.db-wal'));
const start = (sections: Record<string, object>) =>
  openService(
    {
      auth: { issuer: 'http://127.0.0.1:9/realms/nobody', audiences: ['keyturn'] },
      store: { url: `sqlite:${join(folder, 'keyturn.db')}` },
      ...sections,
    },
    systemClock,
  );

describe('a service that cannot be built', () => {
  it('leaves its database closed where it refuses the settings', async () => {
    await expect(start({ policies: { path: join(folder, 'nowhere') } })).rejects.toThrow('policies.path');
    expect([existsSync(join(folder, 'keyturn.db')), isOpen()]).toEqual([true, false]);
  });

  it('and where a part fails in a way that nobody has foreseen', async () => {
    mkdirSync(join(folder, 'policies', 'a-folder.yaml'), { recursive: true });
    await expect(start({ policies: { path: join(folder, 'policies') } })).rejects.toThrow('EISDIR');
    expect([existsSync(join(folder, 'keyturn.db')), isOpen()]).toEqual([true, false]);
  });

  it('and where the identity provider cannot be reached', async () => {
    await expect(start({})).rejects.toThrow('oidc');
    expect([existsSync(join(folder, 'keyturn.db')), isOpen()]).toEqual([true, false]);
  });

  it('says what contradicts itself in the settings before it makes a database', async () => {
    await expect(start({ login: { clientId: 'web' } })).rejects.toThrow('seal.key');
    expect(existsSync(join(folder, 'keyturn.db'))).toBe(false);
  });
});
