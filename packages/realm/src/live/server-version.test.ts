import { describe, expect, it } from 'vitest';
import { spreadRealm } from '../model/desired.ts';
import { createFakeKeycloak } from '../testing/fake-keycloak.ts';
import { adminOf, realmFrom } from '../testing/fixture.ts';
import { explainAdminRefusal } from './admin-refusal.ts';
import { planRealm } from './plan-realm.ts';
import { isAtLeast } from './server-version.ts';

describe('a recipe that needs Standard Token Exchange V2', () => {
  const plan = async (version: string) => {
    const fake = createFakeKeycloak();
    fake.serverInfo = { systemInfo: { version } };
    const used = [{ name: 'pat-issuer', needs: '26.2', parts: [] }];
    const planned = await planRealm(adminOf(fake), spreadRealm(realmFrom({ realm: 'a' })), { used });
    return planned.ok || planned.refusal.why === 'faults' ? 'planned' : explainAdminRefusal(planned.refusal.refusal);
  };
  it('is refused by name on an older server', async () => {
    expect(await plan('26.1.5')).toBe(
      'recipe pat-issuer needs Standard Token Exchange V2, which Keycloak has since 26.2; this server is 26.1.5.',
    );
  });
  it('is planned on a newer one', async () => {
    expect(await plan('26.10.0')).toBe('planned');
    expect(isAtLeast('26.2', '26.2')).toBe(true);
    expect(isAtLeast('27.0.0', '26.2')).toBe(true);
  });
});
