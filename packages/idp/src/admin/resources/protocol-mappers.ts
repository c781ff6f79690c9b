import { ok, type Result, refuse } from '@keyturn/protocol';
import type { ProtocolMapper } from '../../model/index.ts';
import { type Answer, created, duplicate, json, message, noContent, notFound, unknownError } from '../frame/answer.ts';
import type { RealmCall } from '../frame/call.ts';
import { may } from '../frame/permissions.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import {
  isMapperType,
  type MapperRepresentation,
  mapperListReader,
  mapperReader,
  readMapper,
  showEffectiveMapper,
} from '../representation/mapper.ts';

/** What has mappers: a client or a client scope. */
interface MapperOwner {
  readonly path: readonly string[];
  readonly protocol: string;
  readonly mappers: readonly ProtocolMapper[];
  replace(mappers: readonly ProtocolMapper[]): void;
}

/** Mappers of clients and of client scopes, under the same sub-paths. */
export function registerProtocolMappers(routes: RealmRoutes): void {
  registerFor(routes, '/clients/:owner', clientOwner);
  registerFor(routes, '/client-scopes/:owner', scopeOwner);
}

function clientOwner(call: RealmCall): Result<MapperOwner, Answer> {
  const { state } = call.context;
  const client = state.clients.inRealm(call.realm.id, call.param('owner'));
  if (client === undefined) return refuse(notFound('Could not find client'));
  return ok({
    path: ['clients', client.id],
    protocol: client.protocol,
    mappers: client.protocolMappers,
    replace: (protocolMappers) => void state.clients.put({ ...client, protocolMappers }),
  });
}

function scopeOwner(call: RealmCall): Result<MapperOwner, Answer> {
  const { state } = call.context;
  const scope = state.scopes.inRealm(call.realm.id, call.param('owner'));
  if (scope === undefined) return refuse(notFound('Could not find client scope'));
  return ok({
    path: ['client-scopes', scope.id],
    protocol: scope.protocol,
    mappers: scope.protocolMappers,
    replace: (protocolMappers) => void state.scopes.put({ ...scope, protocolMappers }),
  });
}

function registerFor(
  routes: RealmRoutes,
  base: string,
  ownerOf: (call: RealmCall) => Result<MapperOwner, Answer>,
): void {
  const owned =
    <Rest extends readonly unknown[]>(handler: (call: RealmCall, owner: MapperOwner, ...rest: Rest) => Answer) =>
    (call: RealmCall, ...rest: Rest): Answer => {
      const owner = ownerOf(call);
      return owner.ok ? handler(call, owner.value, ...rest) : owner.refusal;
    };
  const models = `${base}/protocol-mappers/models`;
  const change = { needs: may.manageClients, records: 'PROTOCOL_MAPPER' } as const;
  routes.get(
    models,
    may.viewClients,
    owned((_call, owner) => json(owner.mappers.map(showEffectiveMapper))),
  );
  routes.get(
    `${base}/protocol-mappers/protocol/:protocol`,
    may.viewClients,
    owned((call, owner) =>
      json(owner.mappers.filter((it) => it.protocol === call.param('protocol')).map(showEffectiveMapper)),
    ),
  );
  routes.post(models, { ...change, body: mapperReader }, owned(addOne));
  routes.post(`${base}/protocol-mappers/add-models`, { ...change, body: mapperListReader }, owned(addSeveral));
  routes.get(
    `${models}/:mapper`,
    may.viewClients,
    owned((call, owner) => {
      const mapper = owner.mappers.find((it) => it.id === call.param('mapper'));
      return mapper === undefined ? notFound('Model not found') : json(showEffectiveMapper(mapper));
    }),
  );
  routes.put(`${models}/:mapper`, { ...change, body: mapperReader }, owned(changeOne));
  routes.delete(
    `${models}/:mapper`,
    change,
    owned((call, owner) => {
      const kept = owner.mappers.filter((it) => it.id !== call.param('mapper'));
      if (kept.length === owner.mappers.length) return notFound('Model not found');
      owner.replace(kept);
      return noContent;
    }),
  );
}

function addOne(call: RealmCall, owner: MapperOwner, given: MapperRepresentation): Answer {
  const fault = faultOf(owner.mappers, given);
  if (fault !== undefined) return fault;
  const mapper = readMapper(call.context.state, given, owner.protocol);
  owner.replace([...owner.mappers, mapper]);
  return created([...owner.path, 'protocol-mappers', 'models', mapper.id], { ...given, consentRequired: false });
}

function addSeveral(call: RealmCall, owner: MapperOwner, given: readonly MapperRepresentation[]): Answer {
  const mappers = [...owner.mappers];
  for (const it of given) {
    const fault = faultOf(mappers, it);
    if (fault !== undefined) return fault;
    mappers.push(readMapper(call.context.state, it, owner.protocol));
  }
  owner.replace(mappers);
  return noContent;
}

// Keycloak looks the mapper up by the id in the body, and falls over when there is none.
function changeOne(call: RealmCall, owner: MapperOwner, given: MapperRepresentation): Answer {
  const before = owner.mappers.find((it) => it.id === call.param('mapper'));
  if (before === undefined) return notFound('Model not found');
  if (given.id !== before.id) return unknownError;
  const others = owner.mappers.filter((it) => it.id !== before.id);
  const fault = faultOf(others, { ...of(before), ...given });
  if (fault !== undefined) return fault;
  const mapper = readMapper(call.context.state, { ...of(before), ...given }, owner.protocol);
  owner.replace(owner.mappers.map((it) => (it.id === before.id ? mapper : it)));
  return noContent;
}

/** What a change leaves as it was. */
function of({ name, protocol, protocolMapper }: ProtocolMapper): MapperRepresentation {
  return { name, protocol, protocolMapper };
}

function faultOf(others: readonly ProtocolMapper[], given: MapperRepresentation): Answer | undefined {
  if (!isMapperType(given.protocolMapper)) return notFound('ProtocolMapper provider not found');
  if (given.name === undefined || given.protocol === undefined) return duplicate;
  const clash = others.some((it) => it.name === given.name || (given.id !== undefined && it.id === given.id));
  return clash ? message(409, 'Protocol mapper exists with same name') : undefined;
}
