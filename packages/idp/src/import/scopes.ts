import { readInnerMapper } from '../admin/representation/mapper.ts';
import type { RealmRepresentation } from '../admin/representation/realm.ts';
import { builtinScopes } from '../model/builtin-scopes.ts';
import { createScope, type IdpState, type ModelRefusal, type Realm } from '../model/index.ts';
import type { Must } from './all-or-nothing.ts';
import { scopeIdsOf } from './client.ts';
import { textsOnly } from './fields.ts';
import { roleNamed } from './roles.ts';

/** The client scopes of a new realm, and which of them its clients get unless they say otherwise. */
export function importScopes(
  state: IdpState,
  realm: Realm,
  given: RealmRepresentation,
  must: Must<ModelRefusal>,
): void {
  if ((given.clientScopes ?? []).length > 0) createOwnScopes(state, realm, given, must);
  else assignDefaultScopes(state, realm, given);
}

// A representation with scopes of its own gets no built-in ones but `offline_access` (recorded: `adm.realm-own-scopes-list`).
function createOwnScopes(state: IdpState, realm: Realm, given: RealmRepresentation, must: Must<ModelRefusal>): void {
  for (const scope of given.clientScopes ?? []) {
    const protocol = scope.protocol ?? 'openid-connect';
    must(
      createScope(state, realm.id, {
        name: scope.name ?? '',
        protocol,
        ...(scope.id === undefined || state.scopes.get(scope.id) !== undefined ? {} : { id: scope.id }),
        ...(scope.description === undefined ? {} : { description: scope.description }),
        attributes: textsOnly(scope.attributes),
        protocolMappers: (scope.protocolMappers ?? []).map((it) => readInnerMapper(state, it, protocol)),
      }),
    );
  }
  const defaults = scopeIdsOf(state, realm, given.defaultDefaultClientScopes);
  const optional = scopeIdsOf(state, realm, given.defaultOptionalClientScopes);
  const offline = builtinScopes.find((it) => it.name === 'offline_access');
  const made =
    offline === undefined || state.scopes.one(realm.id, 'name', offline.name) !== undefined
      ? undefined
      : must(createScope(state, realm.id, { ...offline, protocolMappers: [] }));
  const role = roleNamed(state, realm, 'offline_access');
  if (made !== undefined && role !== undefined) state.scopes.put({ ...made, scopeRoleIds: [role.id] });
  state.realms.put({
    ...realm,
    defaultScopeIds: defaults,
    optionalScopeIds: made === undefined ? optional : [...optional, made.id],
  });
}

function assignDefaultScopes(state: IdpState, realm: Realm, given: RealmRepresentation): void {
  const { defaultDefaultClientScopes: defaults, defaultOptionalClientScopes: optional } = given;
  state.realms.put({
    ...realm,
    ...(defaults === undefined ? {} : { defaultScopeIds: scopeIdsOf(state, realm, defaults) }),
    ...(optional === undefined ? {} : { optionalScopeIds: scopeIdsOf(state, realm, optional) }),
  });
}
