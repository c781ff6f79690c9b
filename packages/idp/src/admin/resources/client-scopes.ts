import { type ClientScope, createScope, deleteScope } from '../../model/index.ts';
import { type Answer, created, json, message, noContent, notFound } from '../frame/answer.ts';
import type { RealmCall } from '../frame/call.ts';
import { may } from '../frame/permissions.ts';
import { answerModelRefusal } from '../frame/refusals.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { textsOnly } from '../../import/fields.ts';
import { isMapperType, readInnerMapper } from '../representation/mapper.ts';
import { type ScopeRepresentation, scopeReader, showScope } from '../representation/scope.ts';

/** A handler of one client scope, which the path names by its id. */
export function withScope<Rest extends readonly unknown[]>(
  handler: (call: RealmCall, scope: ClientScope, ...rest: Rest) => Answer,
  unknown = 'Could not find client scope',
): (call: RealmCall, ...rest: Rest) => Answer {
  return (call, ...rest) => {
    const scope = call.context.state.scopes.inRealm(call.realm.id, call.param('scope'));
    return scope === undefined ? notFound(unknown) : handler(call, scope, ...rest);
  };
}

/** Client scopes: list, create, read, change, delete. */
export function registerClientScopes(routes: RealmRoutes): void {
  const change = { needs: may.manageClients, records: 'CLIENT_SCOPE' } as const;
  routes.get('/client-scopes', may.listClients, (call) => {
    const scopes = call.context.state.scopes.ofRealm(call.realm.id).map(showScope);
    return json(call.admin.has(call.realm, may.viewClients) ? scopes : []);
  });
  routes.post('/client-scopes', { ...change, body: scopeReader }, createOne);
  routes.get(
    '/client-scopes/:scope',
    may.viewClients,
    withScope((_call, scope) => json(showScope(scope))),
  );
  routes.put('/client-scopes/:scope', { ...change, body: scopeReader }, withScope(changeOne));
  routes.delete(
    '/client-scopes/:scope',
    change,
    withScope((call, scope) => {
      deleteScope(call.context.state, scope);
      return noContent;
    }),
  );
}

function createOne(call: RealmCall, given: ScopeRepresentation): Answer {
  const { state } = call.context;
  const fault = faultOf(given, true);
  if (fault !== undefined) return fault;
  const protocol = given.protocol ?? '';
  const made = createScope(state, call.realm.id, {
    name: given.name ?? '',
    protocol,
    ...(given.id === undefined || state.scopes.get(given.id) !== undefined ? {} : { id: given.id }),
    ...(given.description === undefined ? {} : { description: given.description }),
    attributes: textsOnly(given.attributes),
    protocolMappers: (given.protocolMappers ?? []).map((it) => readInnerMapper(state, it, protocol)),
  });
  return made.ok ? created(['client-scopes', made.value.id]) : answerModelRefusal(made.refusal);
}

function changeOne(call: RealmCall, scope: ClientScope, given: ScopeRepresentation): Answer {
  const { state } = call.context;
  const fault = faultOf(given, false);
  if (fault !== undefined) return fault;
  const name = given.name ?? scope.name;
  const holder = state.scopes.one(call.realm.id, 'name', name);
  if (holder !== undefined && holder.id !== scope.id) return message(409, `Client Scope ${name} already exists`);
  state.scopes.put({
    ...scope,
    name,
    protocol: given.protocol ?? scope.protocol,
    ...(given.description === undefined ? {} : { description: given.description }),
    attributes: { ...scope.attributes, ...textsOnly(given.attributes) },
  });
  return noContent;
}

function faultOf(given: ScopeRepresentation, isNew: boolean): Answer | undefined {
  if (given.name !== undefined || isNew) {
    // What a `scope` parameter can name (RFC 6749 §3.3).
    if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(given.name ?? ''))
      return message(400, `Unexpected name "${given.name ?? ''}" for ClientScope`);
  }
  if ((given.protocol !== undefined || isNew) && given.protocol !== 'openid-connect' && given.protocol !== 'saml') {
    return message(400, 'Unexpected protocol');
  }
  const odd = (given.protocolMappers ?? []).some((it) => !isMapperType(it.protocolMapper));
  return odd ? notFound('ProtocolMapper provider not found') : undefined;
}
