import { readFile } from 'node:fs/promises';
import { createIdp, type Idp } from '@keyturn/idp';

/** An identity provider under test: where it is, and how to be rid of it. */
export interface Subject {
  readonly base: string;
  readonly management: string | undefined;
  readonly close: () => Promise<void>;
}

const admin = { KC_BOOTSTRAP_ADMIN_USERNAME: 'admin', KC_BOOTSTRAP_ADMIN_PASSWORD: 'admin' };

/** The embedded IdP as it starts by default. */
export async function openEmbedded(): Promise<Subject> {
  const idp = await createIdp({ dataUrl: 'sqlite::memory:', env: admin });
  return await listening(idp, '');
}

/** The embedded IdP as seed 004 has its Keycloak: public host name, dynamic back channel, path prefix, imported realm. */
export async function openEmbeddedBehindProxy(publicUrl: string): Promise<Subject> {
  const idp = await createIdp({
    dataUrl: 'sqlite::memory:',
    hostname: publicUrl,
    hostnameBackchannelDynamic: true,
    httpRelativePath: '/auth',
    proxyHeaders: 'xforwarded',
    env: {
      ...admin,
      KEYCLOAK_CLIENT_SECRET: 'env-secret',
      DEV_ADMIN_PASSWORD: 'adm-env-pw',
      APP_URL: 'https://app.example.com',
    },
  });
  const realm = await readFile(new URL('recorded/myrealm-realm.json', import.meta.url), 'utf8');
  const imported = await idp.importRealm(JSON.parse(realm));
  if (!imported.ok) throw new Error(`realm file refused: ${JSON.stringify(imported.refusal)}`);
  return await listening(idp, '/auth');
}

async function listening(idp: Idp, path: string): Promise<Subject> {
  const base = await idp.listen({ port: 0 });
  const management = await idp.listenManagement({ port: 0 });
  const asRecorded = (url: string): string => url.replace('//127.0.0.1', path === '' ? '//localhost' : '//127.0.0.1');
  return { base: asRecorded(base), management: asRecorded(management), close: () => idp.close() };
}
