import { ok, type Result, refuse } from '@keyturn/protocol';
import type { ClientScope, ProtocolMapper } from './client.ts';
import type { ModelRefusal } from './refusal.ts';
import type { IdpState } from './state.ts';

export interface NewScope {
  readonly id?: string;
  readonly name: string;
  readonly description?: string;
  readonly protocol: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly protocolMappers?: readonly ProtocolMapper[];
}

/** Creates a client scope; names are unique in the realm. */
export function createScope(state: IdpState, realmId: string, scope: NewScope): Result<ClientScope, ModelRefusal> {
  if (state.scopes.one(realmId, 'name', scope.name) !== undefined) {
    return refuse({ why: 'exists', what: 'scope', name: scope.name });
  }
  return ok(
    state.scopes.put({
      id: scope.id ?? state.newUuid(),
      realmId,
      name: scope.name,
      ...(scope.description === undefined ? {} : { description: scope.description }),
      protocol: scope.protocol,
      attributes: scope.attributes ?? {},
      protocolMappers: scope.protocolMappers ?? [],
      scopeRoleIds: [],
    }),
  );
}

/** Deletes a client scope and unassigns it from the realm and every client. */
export function deleteScope(state: IdpState, scope: ClientScope): void {
  const without = (ids: readonly string[]): readonly string[] => ids.filter((id) => id !== scope.id);
  state.transaction(() => {
    for (const it of state.clients.ofRealm(scope.realmId)) {
      if (it.defaultScopeIds.includes(scope.id) || it.optionalScopeIds.includes(scope.id)) {
        state.clients.put({
          ...it,
          defaultScopeIds: without(it.defaultScopeIds),
          optionalScopeIds: without(it.optionalScopeIds),
        });
      }
    }
    const realm = state.realms.get(scope.realmId);
    if (realm !== undefined) {
      state.realms.put({
        ...realm,
        defaultScopeIds: without(realm.defaultScopeIds),
        optionalScopeIds: without(realm.optionalScopeIds),
      });
    }
    state.scopes.delete(scope.id);
  });
}
