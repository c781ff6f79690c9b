import { ok, type Result, refuse } from '@keyturn/protocol';
import { collectRealm } from '../model/collect.ts';
import { spreadRealm } from '../model/desired.ts';
import type { RealmRepresentation } from '../representation.ts';
import { type Admin, pathOf } from './admin.ts';
import { AdminRefused, type AdminRefusal } from './admin-refusal.ts';
import { readRealm } from './read-realm.ts';
import { wantEverything } from './wanted.ts';

/** A live realm as a minimal template: what somebody chose, without users, with secrets masked. Planned again, it changes nothing. */
export async function exportRealm(admin: Admin, realm: string): Promise<Result<RealmRepresentation, AdminRefusal>> {
  try {
    const observed = await readRealm(admin, realm, () => wantEverything);
    if (!observed.exists) {
      throw new AdminRefused({
        why: 'not-found',
        request: `GET /admin/realms${pathOf(realm)}`,
        detail: 'there is no such realm',
      });
    }
    return ok(collectRealm(realm, observed.objects.values()));
  } catch (error) {
    if (!(error instanceof AdminRefused)) throw error;
    return refuse(error.refusal);
  }
}

/**
 * A realm file of Keycloak's own export as a template: without ids, built-in objects, defaults and hashed credentials.
 * Users stay, with what they declare; secrets stay as the file has them. Notices name what was left out.
 */
export function minimizeRealm(representation: RealmRepresentation): {
  readonly representation: RealmRepresentation;
  readonly notices: readonly string[];
} {
  const spread = spreadRealm(representation);
  const secrets = new Map((representation.clients ?? []).map(({ clientId, secret }) => [clientId, secret]));
  const collected = collectRealm(representation.realm, spread.objects.values());
  const clients = collected.clients?.map((client) => {
    const secret = secrets.get(client.clientId);
    return secret === undefined ? client : { ...client, secret };
  });
  const notices = [...spread.notices];
  const users = representation.users?.map((user) => {
    const { credentials, id: _id, createdTimestamp: _created, ...rest } = user;
    const plain = credentials?.filter(({ value }) => value !== undefined) ?? [];
    if (plain.length < (credentials?.length ?? 0))
      notices.push(`user ${user.username}: a hashed credential was left out; give a password instead`);
    return plain.length > 0 ? { ...rest, credentials: plain } : rest;
  });
  return {
    notices,
    representation: {
      ...collected,
      ...(clients === undefined ? {} : { clients }),
      ...(users === undefined || users.length === 0 ? {} : { users }),
      ...(representation['components'] === undefined ? {} : { components: managedOf(representation) }),
    },
  };
}

const registrationPolicy = 'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy';

function managedOf({ components }: RealmRepresentation) {
  const list =
    typeof components === 'object' && components !== null && registrationPolicy in components
      ? components[registrationPolicy]
      : undefined;
  return list === undefined ? {} : { [registrationPolicy]: list };
}
