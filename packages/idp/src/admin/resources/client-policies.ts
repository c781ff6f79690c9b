import { isJsonObject, type JsonObject } from '@keyturn/protocol';
import { json, noContent, refused, type Answer } from '../frame/answer.ts';
import { flagOf, type RealmCall } from '../frame/call.ts';
import { may } from '../frame/permissions.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { anything } from '../json/shape.ts';

/** The profiles that every Keycloak brings along. Nothing here enforces them. */
const globalProfiles = [
  'fapi-1-baseline',
  'fapi-1-advanced',
  'fapi-ciba',
  'fapi-2-security-profile',
  'fapi-2-message-signing',
  'oauth-2-1-for-confidential-client',
  'oauth-2-1-for-public-client',
  'fapi-2-dpop-security-profile',
  'fapi-2-dpop-message-signing',
  'saml-security-profile',
];

/** Client policies and profiles: stored and shown, not enforced. */
export function registerClientPolicies(routes: RealmRoutes): void {
  const base = '/client-policies';
  const change = { needs: may.manageRealm, records: 'none', body: anything } as const;
  routes.get(`${base}/policies`, may.viewRealm, (call) => json(call.realm.clientPolicies));
  routes.put(`${base}/policies`, change, (call, given) =>
    store(call, given, 'policies', (clientPolicies) => ({ clientPolicies })),
  );
  routes.get(`${base}/profiles`, may.viewRealm, (call) => {
    const global = globalProfiles.map((name) => ({ name, description: '', executors: [] }));
    const withGlobal = flagOf(call, 'include-global-profiles', false);
    return json({ ...call.realm.clientProfiles, ...(withGlobal ? { globalProfiles: global } : {}) });
  });
  routes.put(`${base}/profiles`, change, (call, given) =>
    store(call, given, 'profiles', (clientProfiles) => ({ clientProfiles })),
  );
}

function store(
  call: RealmCall,
  given: unknown,
  member: 'policies' | 'profiles',
  change: (value: JsonObject) => object,
): Answer {
  const items = isJsonObject(given) ? given[member] : undefined;
  if (!Array.isArray(items)) return refused(400, { errorMessage: `invalid ${member}` });
  // `change` names one of the realm's two members for this.
  call.context.state.realms.put({ ...call.realm, ...change({ [member]: items }) });
  return noContent;
}
