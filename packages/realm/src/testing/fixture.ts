import { type Json, ok } from '@keyturn/protocol';
import { parseRealmFile } from '../file/parse.ts';
import { type ApplyOptions, applyPlan } from '../live/apply.ts';
import { createAdmin } from '../live/admin.ts';
import { planRealm } from '../live/plan-realm.ts';
import { spreadRealm } from '../model/desired.ts';
import type { PlanOptions } from '../plan/build.ts';
import type { FakeKeycloak } from './fake-keycloak.ts';

/** An admin client of the fake that never waits. */
export function adminOf(fake: FakeKeycloak, attempts = 3) {
  return createAdmin({
    url: fake.url,
    login: { by: 'password', username: 'admin', password: 'admin' },
    fetch: fake.fetch,
    clock: () => 0,
    sleep: async () => undefined,
    attempts,
  });
}

/** A representation, as parsed from a file that holds it. */
export function realmFrom(file: Json) {
  const parsed = parseRealmFile(JSON.stringify(file), { path: 'realm.json', env: {} });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.refusal));
  return parsed.value;
}

export async function planOf(fake: FakeKeycloak, file: Json, options: PlanOptions = {}) {
  const planned = await planRealm(adminOf(fake), spreadRealm(realmFrom(file)), options);
  if (!planned.ok) throw new Error(JSON.stringify(planned.refusal));
  return planned.value;
}

/** Plans and applies a file. */
export async function applyFile(
  fake: FakeKeycloak,
  file: Json,
  options: PlanOptions & Pick<ApplyOptions, 'onStep'> = {},
) {
  const planned = await planOf(fake, file, options);
  const applied = await applyPlan({ admin: adminOf(fake), ...planned, ...options });
  return applied.ok ? ok({ ...applied.value, plan: planned.plan }) : applied;
}
