import { isJsonObject } from '@keyturn/protocol';
import type { Realm } from '../../model/index.ts';

/** The realm's profile for those who draw forms: of a user that is there, whose name may be fixed, or of a new one. */
export function showProfileMetadata(realm: Realm, of: 'new-user' | 'user'): object {
  const { attributes, groups } = realm.userProfile;
  const shown = (Array.isArray(attributes) ? attributes : []).filter(isJsonObject).map((it) => ({
    name: it['name'],
    displayName: it['displayName'],
    // What people must fill in, administrators need not; only a user name is always there.
    required: it['name'] === 'username',
    readOnly: of === 'user' && it['name'] === 'username' && !realm.editUsernameAllowed,
    validators: {
      ...validators(it['validations']),
      ...(it['multivalued'] === true ? {} : { multivalued: { max: '1' } }),
    },
    multivalued: it['multivalued'] === true,
  }));
  const locale = {
    name: 'locale',
    displayName: 'locale',
    required: false,
    readOnly: false,
    validators: {},
    multivalued: false,
  };
  const all = realm.internationalizationEnabled ? [...shown, locale] : shown;
  return { attributes: all, groups: Array.isArray(groups) ? groups : [] };
}

function validators(validations: unknown): object {
  const rules = Object.entries(isJsonObject(validations) ? validations : {});
  return Object.fromEntries(
    rules.map(([name, rule]) => [name, { ...(isJsonObject(rule) ? rule : {}), 'ignore.empty.value': true }]),
  );
}
