import { isJsonObject } from '@keyturn/protocol';
import { findClient, type User } from '../../model/index.ts';
import { type Answer, json, noContent, notFound, refused } from '../frame/answer.ts';
import type { RealmCall } from '../frame/call.ts';
import { may } from '../frame/permissions.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { federatedIdentityReader } from '../representation/user.ts';
import { endOfflineOf } from './sessions.ts';
import { withUser } from './users.ts';

/** What a user granted to clients and has at other identity providers. */
export function registerConsents(routes: RealmRoutes): void {
  const change = { needs: may.manageUsers, records: 'USER' } as const;
  routes.get(
    '/users/:user/consents',
    may.viewUsers,
    withUser((call, user) => json(consentsOf(call, user))),
  );
  routes.delete('/users/:user/consents/:client', { ...change, as: 'ACTION' }, withUser(revoke));

  const linked = '/users/:user/federated-identity';
  routes.get(
    linked,
    may.viewUsers,
    withUser((call, user) => json(linksOf(call, user))),
  );
  routes.post(
    `${linked}/:provider`,
    { ...change, body: federatedIdentityReader },
    withUser((call, user, given) => {
      const identityProvider = call.param('provider');
      if (user.federatedIdentities.some((it) => it.identityProvider === identityProvider)) {
        return refused(409, { errorMessage: 'User is already linked with provider' });
      }
      const link = { identityProvider, userId: given.userId ?? '', userName: given.userName ?? '' };
      call.context.state.users.put({ ...user, federatedIdentities: [...user.federatedIdentities, link] });
      return noContent;
    }),
  );
  routes.delete(
    `${linked}/:provider`,
    change,
    withUser((call, user) => {
      const kept = user.federatedIdentities.filter((it) => it.identityProvider !== call.param('provider'));
      if (kept.length === user.federatedIdentities.length) return notFound('Link not found');
      call.context.state.users.put({ ...user, federatedIdentities: kept });
      return noContent;
    }),
  );
}

/** Links to identity providers that the realm has (imported ones); others are kept and not shown. */
function linksOf(call: RealmCall, user: User): readonly object[] {
  const providers = call.realm.unsupported['identityProviders'];
  const aliases = (Array.isArray(providers) ? providers : []).map((it: unknown) =>
    isJsonObject(it) ? it['alias'] : undefined,
  );
  return user.federatedIdentities.filter((it) => aliases.includes(it.identityProvider));
}

function consentsOf(call: RealmCall, user: User): readonly object[] {
  const { state } = call.context;
  const offline = new Set(
    state.offlineSessions.by(call.realm.id, 'user', user.id).flatMap((session) => Object.keys(session.clients)),
  );
  const uuids = new Set([...user.consents.map((it) => it.clientUuid), ...offline]);
  return [...uuids].flatMap((uuid) => {
    const client = state.clients.get(uuid);
    if (client === undefined) return [];
    const consent = user.consents.find((it) => it.clientUuid === uuid);
    return [
      {
        clientId: client.clientId,
        grantedClientScopes: (consent?.scopeIds ?? []).flatMap((id) => state.scopes.get(id)?.name ?? []),
        ...(consent === undefined
          ? {}
          : { createdDate: consent.createdDate, lastUpdatedDate: consent.lastUpdatedDate }),
        additionalGrants: offline.has(uuid) ? [{ client: uuid, key: 'Offline Token' }] : [],
      },
    ];
  });
}

/** Takes back a consent together with the offline tokens that rest on it. */
function revoke(call: RealmCall, user: User): Answer {
  const { state } = call.context;
  const client = findClient(state, call.realm.id, call.param('client'));
  if (client === undefined) return notFound('Client not found');
  return state.transaction(() => {
    const hadOffline = endOfflineOf(call, user, client);
    const kept = user.consents.filter((it) => it.clientUuid !== client.id);
    if (kept.length === user.consents.length && !hadOffline) return notFound('Consent nor offline token not found');
    state.users.put({ ...user, consents: kept });
    return noContent;
  });
}
