import type { ClientScope } from '../../model/index.ts';
import { identifier, list, mapOf, name, object, text } from '../json/shape.ts';
import { mapperReader, showMapper } from './mapper.ts';

/** Keycloak's ClientScopeRepresentation. */
export const scopeReader = object(
  'ClientScopeRepresentation',
  {
    id: identifier,
    name: name,
    description: text,
    protocol: text,
    attributes: mapOf(text),
    protocolMappers: list(mapperReader),
  },
  { lenient: true },
);

export type ScopeRepresentation = NonNullable<ReturnType<typeof scopeReader>>;

export function showScope(scope: ClientScope): object {
  return {
    id: scope.id,
    name: scope.name,
    ...(scope.description === undefined ? {} : { description: scope.description }),
    protocol: scope.protocol,
    attributes: scope.attributes,
    ...(scope.protocolMappers.length === 0 ? {} : { protocolMappers: scope.protocolMappers.map(showMapper) }),
  };
}

/** What assignments show of a scope. */
export function showScopeName(scope: ClientScope): object {
  return { id: scope.id, name: scope.name };
}
