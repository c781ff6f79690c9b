import { isJsonObject } from '@keyturn/protocol';
import type { Realm } from '../../model/index.ts';

/** The realm's profile as `userProfileMetadata` shows it to those who draw forms. */
export function showProfileMetadata(realm: Realm): object {
  const { attributes, groups } = realm.userProfile;
  const shown = (Array.isArray(attributes) ? attributes : []).filter(isJsonObject).map((it) => ({
    name: it['name'],
    displayName: it['displayName'],
    // What people must fill in, administrators need not; only a user name is always there.
    required: it['name'] === 'username',
    readOnly: false,
    validators: {
      ...validators(it['validations']),
      ...(it['multivalued'] === true ? {} : { multivalued: { max: '1' } }),
    },
    multivalued: it['multivalued'] === true,
  }));
  return { attributes: shown, groups: Array.isArray(groups) ? groups : [] };
}

function validators(validations: unknown): object {
  const rules = Object.entries(isJsonObject(validations) ? validations : {});
  return Object.fromEntries(
    rules.map(([name, rule]) => [name, { ...(isJsonObject(rule) ? rule : {}), 'ignore.empty.value': true }]),
  );
}
