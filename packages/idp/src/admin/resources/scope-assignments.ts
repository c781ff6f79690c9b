import type { Client, ClientScope, Realm } from '../../model/index.ts';
import { type Answer, duplicate, json, noContent } from '../frame/answer.ts';
import type { RealmCall } from '../frame/call.ts';
import { may } from '../frame/permissions.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { showScopeName } from '../representation/scope.ts';
import { withScope } from './client-scopes.ts';
import { withClient } from './clients.ts';

type Kind = 'default' | 'optional';
interface Assigned {
  readonly defaultScopeIds: readonly string[];
  readonly optionalScopeIds: readonly string[];
}

/** Which scopes a client has, and which ones new clients of the realm get: as default or as optional. */
export function registerScopeAssignments(routes: RealmRoutes): void {
  for (const kind of ['default', 'optional'] as const) {
    const ofClient = `/clients/:client/${kind}-client-scopes`;
    const change = { needs: may.manageClients, records: 'CLIENT_SCOPE_CLIENT_MAPPING' } as const;
    routes.get(
      ofClient,
      may.viewClients,
      withClient((call, client) =>
        json(
          scopesOf(call, client, kind)
            .filter((it) => it.protocol === client.protocol)
            .map(showScopeName),
        ),
      ),
    );
    routes.put(
      `${ofClient}/:scope`,
      { ...change, as: 'CREATE' },
      onClient((client, scope) => assign(client, scope, kind)),
    );
    routes.delete(
      `${ofClient}/:scope`,
      change,
      onClient((client, scope) => unassign(client, scope)),
    );

    const ofRealm = `/default-${kind}-client-scopes`;
    const realmChange = { needs: may.manageClients, records: 'CLIENT_SCOPE' } as const;
    routes.get(ofRealm, may.viewClients, (call) =>
      json(scopesOf(call, call.realm, kind).map((it) => ({ ...showScopeName(it), protocol: it.protocol }))),
    );
    routes.put(
      `${ofRealm}/:scope`,
      { ...realmChange, as: 'CREATE' },
      onRealm((realm, scope) => assign(realm, scope, kind)),
    );
    routes.delete(
      `${ofRealm}/:scope`,
      realmChange,
      onRealm((realm, scope) => unassign(realm, scope)),
    );
  }
}

function onClient(
  change: (client: Client, scope: ClientScope) => Client,
): (call: RealmCall) => Answer | Promise<Answer> {
  return withClient((call, client) =>
    withScope((_call, scope) => {
      call.context.state.clients.put(change(client, scope));
      return noContent;
    }, 'Client scope not found')(call),
  );
}

function onRealm(change: (realm: Realm, scope: ClientScope) => Realm): (call: RealmCall) => Answer {
  return withScope((call, scope) => {
    const changed = change(call.realm, scope);
    // Of the realm's own list Keycloak refuses what a client's takes in silence.
    if (changed === call.realm) return duplicate;
    call.context.state.realms.put(changed);
    return noContent;
  }, 'Client scope not found');
}

function scopesOf(call: RealmCall, assigned: Assigned, kind: Kind): readonly ClientScope[] {
  return assigned[idsOf(kind)].flatMap((id) => call.context.state.scopes.get(id) ?? []);
}

/** Assigning again changes nothing, and neither does assigning as optional what is default already. */
function assign<T extends Assigned>(to: T, scope: ClientScope, kind: Kind): T {
  if (to.defaultScopeIds.includes(scope.id) || to.optionalScopeIds.includes(scope.id)) return to;
  return { ...to, [idsOf(kind)]: [...to[idsOf(kind)], scope.id] };
}

/** Takes a scope away, whichever of the two lists it is in: the path names the wrong one as well as the right. */
function unassign<T extends Assigned>(from: T, scope: ClientScope): T {
  const without = (ids: readonly string[]): readonly string[] => ids.filter((id) => id !== scope.id);
  return { ...from, defaultScopeIds: without(from.defaultScopeIds), optionalScopeIds: without(from.optionalScopeIds) };
}

function idsOf(kind: Kind): 'defaultScopeIds' | 'optionalScopeIds' {
  return kind === 'default' ? 'defaultScopeIds' : 'optionalScopeIds';
}
