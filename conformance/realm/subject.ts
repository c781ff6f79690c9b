import { setTimeout as delay } from 'node:timers/promises';
import { createIdp } from '@keyturn/idp';
import { createGuardedFetch, type GuardedFetch } from '@keyturn/net';
import {
  type Admin,
  applyPlan,
  createAdmin,
  explainAdminRefusal,
  explainApplyRefusal,
  isEmptyPlan,
  parseRealmDeclaration,
  type PlanOptions,
  planRealm,
  showPlan,
  showRealmFileFault,
  spreadRealm,
} from '@keyturn/realm';

/** The identity provider under test, and what a person with an admin login has. */
export interface Subject {
  readonly url: string;
  readonly fetch: GuardedFetch;
  readonly admin: Admin;
  close(): Promise<void>;
}

/** The embedded identity provider, or the Keycloak that is given. Both have the administrator admin/admin. */
export async function openSubject(keycloakUrl: string | undefined): Promise<Subject> {
  const idp =
    keycloakUrl === undefined
      ? await createIdp({
          dataUrl: 'sqlite::memory:',
          env: { KC_BOOTSTRAP_ADMIN_USERNAME: 'admin', KC_BOOTSTRAP_ADMIN_PASSWORD: 'admin' },
        })
      : undefined;
  const url = keycloakUrl ?? (await idp?.listen({ port: 0 }))?.replace('127.0.0.1', 'localhost') ?? '';
  const fetch = createGuardedFetch({ allowPrivateHosts: ['localhost', '127.0.0.1'] });
  const admin = adminAt(url, fetch);
  const close = async () => {
    await fetch.close();
    await idp?.close();
  };
  return { url, fetch, admin, close };
}

export function adminAt(
  url: string,
  fetch: GuardedFetch,
  login: Parameters<typeof createAdmin>[0]['login'] = { by: 'password', username: 'admin', password: 'admin' },
  attempts = 6,
): Admin {
  return createAdmin({ url, login, fetch, clock: () => Date.now(), sleep: (duration) => delay(duration), attempts });
}

/** A realm file as its desired objects. Throws with every fault. */
export function desiredOf(text: string, env: Readonly<Record<string, string>> = {}) {
  const parsed = parseRealmDeclaration(text, { path: 'realm.yaml', env });
  if (!parsed.ok) throw new Error(parsed.refusal.map(showRealmFileFault).join('\n'));
  return { desired: spreadRealm(parsed.value.representation, parsed.value.extended), used: parsed.value.used };
}

export async function planText(subject: Subject, text: string, options: PlanOptions = {}) {
  const { desired, used } = desiredOf(text);
  const planned = await planRealm(subject.admin, desired, { ...options, used });
  if (planned.ok) return planned.value;
  throw new Error(
    planned.refusal.why === 'faults' ? planned.refusal.faults.join('\n') : explainAdminRefusal(planned.refusal.refusal),
  );
}

/** Applies a file, and holds the product to its promise: the server shows what was written, and a second plan is empty. */
export async function applyText(subject: Subject, text: string, options: PlanOptions = {}): Promise<void> {
  const applied = await applyPlan({ admin: subject.admin, ...(await planText(subject, text, options)) });
  if (!applied.ok) throw new Error(explainApplyRefusal(applied.refusal, explainAdminRefusal));
  if (applied.value.differences.length > 0) throw new Error(applied.value.differences.join('\n'));
  const { plan } = await planText(subject, text, { ...options, rotate: [] });
  if (!isEmptyPlan(plan)) throw new Error(`a second plan is not empty:\n${showPlan(plan)}`);
}

/** Removes a realm, so that a story starts on an empty server. */
export async function dropRealm({ admin }: Subject, realm: string): Promise<void> {
  const path = `/${realm}`;
  if ((await admin.find(path)) !== undefined)
    await admin.write({ method: 'DELETE', path, landed: async () => (await admin.find(path)) === undefined });
}
