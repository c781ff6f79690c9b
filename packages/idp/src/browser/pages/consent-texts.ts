import type { ClientScope } from '../../model/index.ts';

// Keycloak's message keys for its built-in scopes.
const texts: Readonly<Record<string, string>> = {
  profileScopeConsentText: 'User profile',
  emailScopeConsentText: 'Email address',
  addressScopeConsentText: 'Address',
  phoneScopeConsentText: 'Phone number',
  offlineAccessScopeConsentText: 'Offline Access',
  rolesScopeConsentText: 'User roles',
  samlRoleListScopeConsentText: 'My Roles',
  organizationScopeConsentText: 'Organization',
};

/** What a scope is called on the consent page; undefined for those that are not shown and need no consent. */
export function consentTextOf(scope: ClientScope): string | undefined {
  if (scope.attributes['display.on.consent.screen'] === 'false') return undefined;
  const text = scope.attributes['consent.screen.text'] ?? '';
  const key = /^\$\{(.+)\}$/.exec(text)?.[1];
  if (key !== undefined) return texts[key] ?? scope.name;
  return text === '' ? scope.name : text;
}
