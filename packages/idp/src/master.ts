import type { IdpContext } from './context.ts';
import {
  createClient,
  createRealm,
  createUser,
  findRealm,
  findRole,
  type Realm,
  serviceAccountOf,
} from './model/index.ts';

/** The first administrator, by Keycloak's names: `KC_BOOTSTRAP_ADMIN_USERNAME`, `_PASSWORD`, `_CLIENT_ID`, `_CLIENT_SECRET`. */
export interface BootstrapAdmin {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
}

/** Reads the bootstrap administrator from an environment. */
export function bootstrapAdminFrom(env: Readonly<Record<string, string | undefined>>): BootstrapAdmin {
  return {
    username: env['KC_BOOTSTRAP_ADMIN_USERNAME'],
    password: env['KC_BOOTSTRAP_ADMIN_PASSWORD'],
    clientId: env['KC_BOOTSTRAP_ADMIN_CLIENT_ID'],
    clientSecret: env['KC_BOOTSTRAP_ADMIN_CLIENT_SECRET'],
  };
}

/** Makes the master realm if there is none, with its first administrator; a master realm that is there is left alone. */
export async function ensureMaster(context: IdpContext, admin: BootstrapAdmin): Promise<Realm> {
  const { state } = context;
  const existing = findRealm(state, 'master');
  if (existing !== undefined) return existing;
  // Hashed before the transaction, which cannot wait.
  const hash = admin.password === undefined ? undefined : await context.passwords.hash(admin.password);
  return state.transaction(() => {
    const made = createRealm(state, {
      realm: 'master',
      displayName: 'Keycloak',
      displayNameHtml: '<div class="kc-logo-text"><span>Keycloak</span></div>',
      enabled: true,
      accessTokenLifespan: 60,
    });
    if (!made.ok) throw new Error(`master realm: ${JSON.stringify(made.refusal)}`);
    const realm = state.realms.put({ ...made.value, userProfile: optionalFields(made.value.userProfile) });
    const adminRole = findRole(state, realm.id, 'admin');
    const roleIds = adminRole === undefined ? [] : [adminRole.id];
    if (admin.username !== undefined && hash !== undefined) {
      createUser(state, realm, {
        username: admin.username,
        enabled: true,
        roleIds,
        attributes: { is_temporary_admin: ['true'] },
        credentials: [{ id: state.newUuid(), type: 'password', createdDate: state.clock(), hash }],
      });
    }
    if (admin.clientId !== undefined && admin.clientSecret !== undefined) {
      const client = createClient(state, realm, {
        clientId: admin.clientId,
        secret: admin.clientSecret,
        serviceAccountsEnabled: true,
        standardFlowEnabled: false,
      });
      const account = client.ok ? serviceAccountOf(state, client.value) : undefined;
      if (account !== undefined) state.users.put({ ...account, roleIds: [...account.roleIds, ...roleIds] });
    }
    return state.realms.get(realm.id) ?? realm;
  });
}

// The first administrator has neither e-mail nor names, and must be able to log in.
function optionalFields(profile: Realm['userProfile']): Realm['userProfile'] {
  const attributes: unknown = profile['attributes'];
  if (!Array.isArray(attributes)) return profile;
  return {
    ...profile,
    attributes: (attributes as readonly Record<string, string>[]).map(({ required: _required, ...rest }) => rest),
  };
}
