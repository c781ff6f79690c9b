import { isJsonObject } from '@keyturn/protocol';
import type { Realm } from '../../model/index.ts';

/** The realm's profile as `userProfileMetadata` shows it to those who draw forms. */
export function showProfileMetadata(realm: Realm): object {
  const { attributes, groups } = realm.userProfile;
  const shown = (Array.isArray(attributes) ? attributes : []).filter(isJsonObject).map((it) => ({
    name: it['name'],
    displayName: it['displayName'],
    required: isJsonObject(it['required']),
    readOnly: it['name'] === 'username' && !realm.editUsernameAllowed,
    validators: it['validations'] ?? {},
    multivalued: it['multivalued'] === true,
  }));
  return { attributes: shown, groups: Array.isArray(groups) ? groups : [] };
}
