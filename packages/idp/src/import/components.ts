import { isJsonObject } from '@keyturn/protocol';
import { createKeyProvider, type IdpState, type Realm } from '../model/index.ts';
import {
  type ComponentExportRepresentation,
  configOf,
  isKeyProvider,
  keyProviderType,
  userProfileType,
} from '../admin/representation/component.ts';

/**
 * The components of a realm file: key providers take the place of the default ones, the user profile is obeyed, all
 * else is stored and shown.
 */
export function importComponents(
  state: IdpState,
  realm: Realm,
  given: Readonly<Record<string, readonly ComponentExportRepresentation[] | null>>,
): void {
  const keys = given[keyProviderType] ?? [];
  if (keys.some((it) => isKeyProvider(it.providerId))) {
    for (const key of state.keys.ofRealm(realm.id)) state.keys.delete(key.id);
  }
  for (const [type, components] of Object.entries(given)) {
    for (const it of components ?? []) {
      if (type === keyProviderType && importKeyProvider(state, realm, it)) continue;
      if (type === userProfileType && importUserProfile(state, realm, it)) continue;
      state.components.put({
        id: freeId(state, it.id),
        realmId: realm.id,
        name: it.name ?? it.providerId ?? '',
        providerId: it.providerId ?? '',
        providerType: type,
        parentId: realm.id,
        ...(it.subType === undefined ? {} : { subType: it.subType }),
        config: configOf(it.config),
      });
    }
  }
}

/** What exports hold in place of a secret. */
const mask = '**********';

function importKeyProvider(state: IdpState, realm: Realm, given: ComponentExportRepresentation): boolean {
  if (!isKeyProvider(given.providerId)) return false;
  createKeyProvider(state, realm.id, {
    id: freeId(state, given.id),
    name: given.name ?? given.providerId,
    providerId: given.providerId,
    // What an export masked is no key: another is made in its place.
    config: Object.fromEntries(Object.entries(configOf(given.config)).filter(([, values]) => values[0] !== mask)),
  });
  return true;
}

function importUserProfile(state: IdpState, realm: Realm, given: ComponentExportRepresentation): boolean {
  try {
    const profile: unknown = JSON.parse(given.config?.['kc.user.profile.config']?.[0] ?? '');
    if (!isJsonObject(profile)) return false;
    const stored = state.realms.get(realm.id) ?? realm;
    // Shape and policy are checked where they are used; what is odd in it allows nothing more.
    state.realms.put({ ...stored, userProfile: profile });
    return true;
  } catch {
    return false;
  }
}

function freeId(state: IdpState, id: string | undefined): string {
  const taken = id === undefined || state.components.get(id) !== undefined || state.keys.get(id) !== undefined;
  return taken ? state.newUuid() : id;
}
