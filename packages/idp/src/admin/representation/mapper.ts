import { claimMappers } from '../../claims/collect.ts';
import type { IdpState, ProtocolMapper } from '../../model/index.ts';
import { anything, identifier, list, mapOf, name, object, text } from '../json/shape.ts';

/** Keycloak's ProtocolMapperRepresentation. */
export const mapperReader = object('ProtocolMapperRepresentation', {
  id: identifier,
  name: name,
  protocol: text,
  protocolMapper: text,
  consentRequired: anything,
  consentText: anything,
  config: mapOf(text),
});
export const mapperListReader = list(mapperReader);

export type MapperRepresentation = NonNullable<ReturnType<typeof mapperReader>>;

/** Whether tokens can be mapped by this type. SAML's are stored, for realms that were exported with them. */
export function isMapperType(name: string | undefined): boolean {
  return name !== undefined && (Object.hasOwn(claimMappers, name) || name.startsWith('saml-'));
}

/** A mapper as it is stored. */
export function readMapper(state: IdpState, given: MapperRepresentation, protocol: string): ProtocolMapper {
  return {
    id: given.id ?? state.newUuid(),
    name: given.name ?? '',
    protocol: given.protocol ?? protocol,
    protocolMapper: given.protocolMapper ?? '',
    consentRequired: given.consentRequired === true,
    config: configOf(given.config),
  };
}

/** A mapper that came within a client or scope: Keycloak then writes down where userinfo follows the ID token. */
export function readInnerMapper(state: IdpState, given: MapperRepresentation, protocol: string): ProtocolMapper {
  const mapper = readMapper(state, given, protocol);
  const { config } = mapper;
  const idToken = config['id.token.claim'];
  return idToken === undefined || config['userinfo.token.claim'] !== undefined
    ? mapper
    : { ...mapper, config: { ...config, 'userinfo.token.claim': idToken } };
}

/** A mapper as it stands in its client or scope. */
export function showMapper(mapper: ProtocolMapper): object {
  const { id, name, protocol, protocolMapper, consentRequired, config } = mapper;
  return { id, name, protocol, protocolMapper, consentRequired, config };
}

/** A mapper as its own endpoint shows it: with the switches that are absent but in force. */
export function showEffectiveMapper(mapper: ProtocolMapper): object {
  const { config } = mapper;
  if (mapper.protocol !== 'openid-connect') return showMapper(mapper);
  const access = config['access.token.claim'];
  const idToken = config['id.token.claim'];
  return showMapper({
    ...mapper,
    config: {
      ...(access === undefined ? {} : { 'introspection.token.claim': access }),
      ...(idToken === undefined ? {} : { 'userinfo.token.claim': idToken }),
      ...config,
    },
  });
}

// An empty text is no setting: Terraform sends one for each field that is not given.
function configOf(given: MapperRepresentation['config']): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(given ?? {}).filter((pair): pair is [string, string] => pair[1] !== null && pair[1] !== ''),
  );
}
