import type { IdpState, Role } from '../../model/index.ts';
import { flag, identifier, list, mapOf, name, object, type ReadObject, text, texts } from '../json/shape.ts';

const composites = object('Composites', { realm: texts, client: mapOf(texts), application: mapOf(texts) });

/** Keycloak's RoleRepresentation. */
export const roleReader = object('RoleRepresentation', {
  id: identifier,
  name: name,
  description: text,
  scopeParamRequired: flag,
  composite: flag,
  composites,
  clientRole: flag,
  containerId: text,
  attributes: mapOf(texts),
});
export const roleListReader = list(roleReader);

export type RoleRepresentation = NonNullable<ReturnType<typeof roleReader>>;
export type CompositesRepresentation = ReadObject<{
  realm: typeof texts;
  client: ReturnType<typeof mapOf<readonly string[]>>;
}>;

/** A role as lists show it. */
export function showBriefRole(role: Role): object {
  return {
    id: role.id,
    name: role.name,
    ...(role.description === undefined ? {} : { description: role.description }),
    composite: role.compositeIds.length > 0,
    clientRole: role.clientUuid !== undefined,
    containerId: role.clientUuid ?? role.realmId,
  };
}

/** A role with its attributes. */
export function showRole(role: Role): object {
  return { ...showBriefRole(role), attributes: role.attributes };
}

/** A role as exports hold it: what it includes by name. */
export function exportRole(state: IdpState, role: Role): object {
  const included = role.compositeIds.flatMap((id) => state.roles.get(id) ?? []);
  const realm = included.filter((it) => it.clientUuid === undefined).map((it) => it.name);
  const client = new Map<string, string[]>();
  for (const it of included) {
    const clientId = it.clientUuid === undefined ? undefined : state.clients.get(it.clientUuid)?.clientId;
    if (clientId !== undefined) client.set(clientId, [...(client.get(clientId) ?? []), it.name]);
  }
  const composites = {
    ...(realm.length === 0 ? {} : { realm }),
    ...(client.size === 0 ? {} : { client: Object.fromEntries(client) }),
  };
  return { ...showRole(role), ...(included.length === 0 ? {} : { composites }) };
}

/** Attributes of a representation without the names whose value is null. */
export function attributesOf(
  given: Readonly<Record<string, readonly string[] | null>> | undefined,
): Readonly<Record<string, readonly string[]>> | undefined {
  if (given === undefined) return undefined;
  return Object.fromEntries(Object.entries(given).flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
}
