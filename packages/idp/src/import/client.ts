import { ok, type Result, refuse } from '@keyturn/protocol';
import { type Client, type IdpState, type NewClient, newSecret, type Realm } from '../model/index.ts';
import { webOriginsOf } from '../claims/other-mappers.ts';
import type { ClientRepresentation } from '../admin/representation/client.ts';
import { isMapperType, readInnerMapper } from '../admin/representation/mapper.ts';

/** Why a client's representation is not taken; `description` is Keycloak's text. */
export type ClientRefusal =
  | { readonly why: 'invalid-client'; readonly description: string }
  | { readonly why: 'unknown-mapper-type'; readonly name: string };

/** A new client as its representation says, with the defaults that Keycloak derives from other members. */
export function newClientOf(
  state: IdpState,
  realm: Realm,
  given: ClientRepresentation,
): Result<NewClient, ClientRefusal> {
  const fault = faultOf(realm, given);
  if (fault !== undefined) return refuse(fault);
  const protocol = given.protocol ?? 'openid-connect';
  const made = given.publicClient !== true && given.secret === undefined ? freshSecret(state) : undefined;
  const scopes = given.defaultClientScopes !== undefined || given.optionalClientScopes !== undefined;
  return ok({
    ...membersOf(given),
    protocol,
    ...(given.webOrigins === undefined ? { webOrigins: originsOf(given) } : {}),
    ...(made === undefined ? {} : { secret: made.secret }),
    attributes: { ...made?.attributes, ...withoutEmpty(given.attributes) },
    protocolMappers: (given.protocolMappers ?? []).map((it) => readInnerMapper(state, it, protocol)),
    ...(scopes
      ? {
          defaultScopeIds: scopeIdsOf(state, realm, given.defaultClientScopes, protocol),
          optionalScopeIds: scopeIdsOf(state, realm, given.optionalClientScopes, protocol),
        }
      : {}),
  });
}

/**
 * A client after `PUT`: members that are not given stay, attributes are merged (an empty one goes), lists and mappers
 * are replaced, and scopes are left to their own endpoints.
 */
export function changedClientOf(
  state: IdpState,
  realm: Realm,
  client: Client,
  given: ClientRepresentation,
): Result<Client, ClientRefusal> {
  const fault = faultOf(realm, given);
  if (fault !== undefined) return refuse(fault);
  const { id: _id, ...members } = membersOf(given);
  // A client that becomes public loses its secret, and gets another if it comes back.
  const { secret: before, ...rest } = client;
  const kept = given.publicClient === true || before === undefined ? rest : { ...rest, secret: before };
  const confidential = given.publicClient === false && !(given.bearerOnly ?? client.bearerOnly);
  const becomesConfidential = confidential && client.secret === undefined && given.secret === undefined;
  const made = becomesConfidential ? freshSecret(state) : undefined;
  const gone = Object.entries(given.attributes ?? {}).flatMap(([name, value]) =>
    value === null || value === '' ? [name] : [],
  );
  const attributes = Object.entries(client.attributes).filter(([name]) => !gone.includes(name));
  return ok({
    ...kept,
    ...members,
    ...(made === undefined ? {} : { secret: made.secret }),
    attributes: { ...Object.fromEntries(attributes), ...made?.attributes, ...withoutEmpty(given.attributes) },
    ...(given.protocolMappers === undefined
      ? {}
      : { protocolMappers: given.protocolMappers.map((it) => readInnerMapper(state, it, client.protocol)) }),
  });
}

/** Where a client that names no web origins is used from: where it is sent back to. */
function originsOf(given: ClientRepresentation): readonly string[] {
  const redirectUris = (given.redirectUris ?? []).filter((uri) => !uri.startsWith('/'));
  return webOriginsOf({ webOrigins: ['+'], redirectUris });
}

/** A new secret, and the attribute that says when it was made. */
export function freshSecret(state: IdpState): {
  readonly secret: string;
  readonly attributes: Readonly<Record<string, string>>;
} {
  return { secret: newSecret(state), attributes: { 'client.secret.creation.time': String(state.now()) } };
}

/** Ids of the scopes with these names; names that the realm has not are passed over, as in Keycloak. */
export function scopeIdsOf(
  state: IdpState,
  realm: Realm,
  names: readonly string[] | undefined,
  protocol?: string,
): readonly string[] {
  const ids = (names ?? []).flatMap((name) => {
    const scope = state.scopes.one(realm.id, 'name', name);
    return scope === undefined || (protocol !== undefined && scope.protocol !== protocol) ? [] : [scope.id];
  });
  return [...new Set(ids)];
}

// Members that mean the same in the model; those that need work are added by the callers.
function membersOf(given: ClientRepresentation): NewClient {
  const {
    defaultRoles: _1,
    authorizationServicesEnabled: _2,
    directGrantsOnly: _3,
    registeredNodes: _4,
    clientTemplate: _5,
    useTemplateConfig: _6,
    useTemplateScope: _7,
    useTemplateMappers: _8,
    defaultClientScopes: _9,
    optionalClientScopes: _10,
    authorizationSettings: _11,
    access: _12,
    origin: _13,
    protocolMappers: _14,
    attributes: _15,
    authenticationFlowBindingOverrides: flows,
    ...members
  } = given;
  return {
    ...members,
    ...(flows === undefined ? {} : { authenticationFlowBindingOverrides: withoutEmpty(flows) }),
  };
}

function faultOf(realm: Realm, given: ClientRepresentation): ClientRefusal | undefined {
  const type = (given.protocolMappers ?? []).find((it) => !isMapperType(it.protocolMapper));
  if (type !== undefined) return { why: 'unknown-mapper-type', name: type.protocolMapper ?? '' };
  const invalid = (description: string): ClientRefusal => ({ why: 'invalid-client', description });
  for (const [uris, what] of [
    [given.redirectUris, 'A redirect URI'],
    [[given.rootUrl], 'Root URL'],
    [[given.baseUrl], 'Base URL'],
    [[given.adminUrl], 'Master SAML Processing URL'],
  ] as const) {
    for (const uri of uris ?? []) {
      if (uri !== undefined && isIllegalScheme(uri)) return invalid(`${what} uses an illegal scheme`);
      if (uri !== undefined && /#/.test(uri)) return invalid(`${what} must not contain an URL fragment`);
    }
  }
  if (given.rootUrl !== undefined && !isWebAddress(given.rootUrl)) return invalid('Root URL is not a valid URL');
  if (given.protocol !== undefined && !protocols.includes(given.protocol))
    return invalid(`Invalid protocol: ${given.protocol}`);
  return lifespanFaultOf(realm, given.attributes ?? {});
}

const protocols = ['openid-connect', 'saml', 'docker-v2', 'oid4vc'];

// Empty, relative to the server (`${authBaseUrl}`), or a whole URL.
function isWebAddress(uri: string): boolean {
  return uri === '' || uri.startsWith('${') || uri.startsWith('/') || URL.canParse(uri);
}

// What a browser would run rather than open; it passes over blanks and control characters on the way to the scheme.
function isIllegalScheme(uri: string): boolean {
  return /^(?:javascript|data|vbscript):/i.test(uri.replace(/[\s\p{Cc}]/gu, ''));
}

function lifespanFaultOf(realm: Realm, attributes: Readonly<Record<string, string | null>>): ClientRefusal | undefined {
  const number = (name: string): number => {
    const value = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    return value !== undefined && value !== null && /^\d{1,15}$/.test(value) ? Number(value) : 0;
  };
  if (number('client.session.max.lifespan') > realm.ssoSessionMaxLifespan) {
    const description = 'Client session max lifespan cannot exceed realm SSO session max lifespan.';
    return { why: 'invalid-client', description };
  }
  if (number('client.session.idle.timeout') > realm.ssoSessionIdleTimeout) {
    const description = 'Client session idle timeout cannot exceed realm SSO session idle timeout.';
    return { why: 'invalid-client', description };
  }
  return undefined;
}

function withoutEmpty(given: Readonly<Record<string, string | null>> | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(given ?? {}).filter((pair): pair is [string, string] => pair[1] !== null && pair[1] !== ''),
  );
}
