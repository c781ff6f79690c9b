import type { Realm } from '../../model/index.ts';
import { type Answer, json, noContent } from '../frame/answer.ts';
import { flagOf, type RealmCall } from '../frame/call.ts';
import { may } from '../frame/permissions.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { anything, list, object } from '../json/shape.ts';

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

const policiesReader = object('ClientPoliciesRepresentation', { policies: list(anything), globalPolicies: anything });
const profilesReader = object('ClientProfilesRepresentation', { profiles: list(anything), globalProfiles: anything });

/** Client policies and profiles: stored and shown, not enforced. */
export function registerClientPolicies(routes: RealmRoutes): void {
  const base = '/client-policies';
  const change = { needs: may.manageRealm, records: 'none' } as const;
  routes.get(`${base}/policies`, may.viewRealm, (call) => json(call.realm.clientPolicies));
  routes.put(`${base}/policies`, { ...change, body: policiesReader }, (call, given) =>
    store(call, { clientPolicies: { policies: given.policies ?? [] } }),
  );
  routes.get(`${base}/profiles`, may.viewRealm, (call) => {
    const global = globalProfiles.map((name) => ({ name, description: '', executors: [] }));
    const withGlobal = flagOf(call, 'include-global-profiles', false);
    return json({ ...call.realm.clientProfiles, ...(withGlobal ? { globalProfiles: global } : {}) });
  });
  routes.put(`${base}/profiles`, { ...change, body: profilesReader }, (call, given) =>
    store(call, { clientProfiles: { profiles: given.profiles ?? [] } }),
  );
}

function store(call: RealmCall, change: Partial<Pick<Realm, 'clientPolicies' | 'clientProfiles'>>): Answer {
  call.context.state.realms.put({ ...call.realm, ...change });
  return noContent;
}
