import type { JsonObject } from '@keyturn/protocol';
import type { RealmSettings } from '../model/index.ts';
import { defaultSettings } from '../model/realm-defaults.ts';
import { textMap } from './fields.ts';

const optionalTexts = [
  'displayName',
  'displayNameHtml',
  'passwordPolicy',
  'loginTheme',
  'accountTheme',
  'adminTheme',
  'emailTheme',
  'defaultLocale',
] as const;

/** The settings in a realm representation: members that have the right type; the others are left as they are. */
export function realmSettingsFrom(representation: JsonObject): Partial<RealmSettings> {
  const found: Record<string, unknown> = {};
  for (const [name, standard] of Object.entries(defaultSettings)) {
    const value = representation[name];
    if (value === undefined || value === null) continue;
    if (name === 'attributes' || name === 'smtpServer' || name === 'browserSecurityHeaders')
      found[name] = textMap(value);
    else if (typeof value === typeof standard && Array.isArray(value) === Array.isArray(standard)) found[name] = value;
  }
  for (const name of optionalTexts) if (typeof representation[name] === 'string') found[name] = representation[name];
  if (typeof representation['eventsExpiration'] === 'number')
    found['eventsExpiration'] = representation['eventsExpiration'];
  if (Array.isArray(representation['supportedLocales'])) found['supportedLocales'] = representation['supportedLocales'];
  // Each member was checked against the type of its default above.
  return found;
}
