import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadSettings } from '@keyturn/net';
import { aliases, buildErrorsPage, checkSettings, settingsSchema } from '@keyturn/server';
import { describe, expect, it } from 'vitest';
import { buildSettingsReference } from './config-reference.ts';
import { buildBanner } from './dev/banner.ts';

const read = (path: string): string =>
  readFileSync(join(import.meta.dirname, '..', '..', '..', path), 'utf8').trimEnd();

describe('the documents', () => {
  it('list every setting as the schema has it (“keyturn config reference”)', () => {
    expect(read('docs/reference/settings.md')).toBe(buildSettingsReference().trimEnd());
  });

  it('list every error code (“keyturn config errors”)', () => {
    expect(read('docs/errors.md')).toBe(buildErrorsPage().trimEnd());
  });

  it('show the same commands in the README as npm start prints', () => {
    const banner = buildBanner({
      url: 'http://localhost:8040',
      managementUrl: 'http://localhost:9000',
      mcpUrl: 'http://localhost:8040/mcp',
      issuer: 'http://localhost:8041/realms/tools-provider',
      idp: 'embedded',
      idpManagementUrl: undefined,
      adminUrl: undefined,
      pizzeriaUrl: 'http://localhost:8000',
      dataFolder: './.keyturn',
      milliseconds: 0,
    });
    const commands = banner.slice(banner.indexOf('export TOKEN=')).trimEnd();
    expect(read('README.md')).toContain(commands);
  });

  it.each(['README.md', 'docs/login.md'])('show a settings file that is one: %s', async (page) => {
    const text = /```yaml\n(.*?)```/s.exec(read(page))?.[1] ?? '';
    const loaded = await loadSettings({
      schema: settingsSchema,
      file: { path: 'keyturn.yaml', text },
      env: { TOKEN_EXCHANGE_CLIENT_SECRET: 'x' },
      flags: {},
      aliases,
      prefix: 'KEYTURN_',
      readFile: () => Promise.reject(new Error('no file is named')),
    });
    expect(loaded).toMatchObject({ ok: true, value: { settings: { exchange: { clientSecret: 'x' } } } });
    if (loaded.ok) expect(checkSettings(loaded.value.settings)).toEqual([]);
  });

  it('never promise that the server knows the embedded identity provider', () => {
    const { dependencies } = JSON.parse(read('packages/server/package.json')) as { dependencies: object };
    expect(Object.keys(dependencies)).not.toContain('@keyturn/idp');
  });
});
