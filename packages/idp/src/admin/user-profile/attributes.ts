import { isJsonObject, type JsonObject } from '@keyturn/protocol';
import type { Attributes, Realm, User } from '../../model/index.ts';

/** One attribute of the realm's user profile configuration. */
export interface ProfileAttribute {
  readonly name: string;
  readonly validations: Readonly<Record<string, JsonObject>>;
}

/** The four that are members of a user rather than attributes. */
const members: readonly string[] = ['username', 'email', 'firstName', 'lastName'];

/** The attributes that the realm's profile configures, in its order. */
export function profileAttributes(realm: Realm): readonly ProfileAttribute[] {
  const configured = realm.userProfile['attributes'];
  if (!Array.isArray(configured)) return [];
  return configured.flatMap((it: unknown) => {
    if (!isJsonObject(it) || typeof it['name'] !== 'string') return [];
    const validations = isJsonObject(it['validations']) ? it['validations'] : {};
    const checks = Object.entries(validations).flatMap(([name, rule]) =>
      isJsonObject(rule) ? [[name, rule] as const] : [],
    );
    return [{ name: it['name'], validations: Object.fromEntries(checks) }];
  });
}

/** Attributes that an administrator may set: those configured, and any other if the realm's policy says so. */
export function settableAttributes(realm: Realm, given: Attributes): Attributes {
  const policy = realm.userProfile.unmanagedAttributePolicy;
  return keep(realm, given, policy === 'ENABLED' || policy === 'ADMIN_EDIT');
}

/** Attributes that an administrator sees. */
export function shownAttributes(realm: Realm, user: User): Attributes {
  return keep(realm, user.attributes, realm.userProfile.unmanagedAttributePolicy !== undefined);
}

function keep(realm: Realm, given: Attributes, unmanaged: boolean): Attributes {
  const configured = new Set(profileAttributes(realm).map((it) => it.name));
  return Object.fromEntries(
    Object.entries(given).filter(([name]) => !members.includes(name) && (unmanaged || configured.has(name))),
  );
}
