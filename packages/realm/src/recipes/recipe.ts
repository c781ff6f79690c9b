import type { JsonObject } from '@keyturn/protocol';
import type { z } from 'zod';
import type { ClientRepresentation, ScopeMappingRepresentation } from '../representation.ts';

/** A few lines of a realm file that stand for a page of clicks. Pure: options in, Keycloak's representation out. */
export interface Recipe<Options = unknown> {
  /** As written in a file: `pat-issuer`. */
  readonly name: string;
  /** One sentence for `explain` and the reference. */
  readonly summary: string;
  /** What must be given and what may be; strict, so that a misspelt option is a fault and not silence. */
  readonly options: z.ZodType<Options>;
  /** The oldest Keycloak on which it works at all, if not every one that Keyturn supports. */
  readonly needs?: string;
  expand(options: Options): readonly RecipePart[];
}

/** One object of Keycloak and what it saves a person from doing. */
export interface RecipePart {
  /** The step of the guide that this replaces: `Keycloak PAT Issuer Setup, step 3`. */
  readonly replaces: string;
  /** Why it is as it is, where it differs from the guide or is not obvious. */
  readonly why?: string;
  /** Members of a realm representation. */
  readonly gives: JsonObject;
  /**
   * Clients that must be there already (in the file or the realm) and get mappers or scopes here. Nothing else of them
   * is declared, so that a recipe never makes half a client.
   */
  readonly extends?: readonly ClientRepresentation[];
}

/** A recipe with its options' type forgotten, for the list of all. */
export function defineRecipe<Options>(recipe: Recipe<Options>): Recipe {
  return { ...recipe, expand: (options) => recipe.expand(recipe.options.parse(options)) };
}

/** A mapper that puts a client, or any text, into `aud` of access tokens; never of ID tokens, which would then pass an audience check. */
export function audienceMapper(
  name: string,
  audience: { readonly client: string } | { readonly custom: string },
): JsonObject & { name: string } {
  return {
    name,
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: {
      ...('client' in audience
        ? { 'included.client.audience': audience.client }
        : { 'included.custom.audience': audience.custom }),
      'id.token.claim': 'false',
      'access.token.claim': 'true',
    },
  };
}

/** A client that keeps a secret; without one given, Keycloak makes it. What it may do, each recipe adds. */
export function confidentialClient(clientId: string, secret: string | undefined): ClientRepresentation {
  return {
    clientId,
    enabled: true,
    protocol: 'openid-connect',
    publicClient: false,
    clientAuthenticatorType: 'client-secret',
    ...(secret === undefined ? {} : { secret }),
  };
}

/** A client that exchanges tokens (Standard Token Exchange, by the client's own switch) and can do nothing else. */
export function exchangingClient(
  clientId: string,
  secret: string | undefined,
  attributes: Readonly<Record<string, string>> = {},
): ClientRepresentation {
  return {
    ...confidentialClient(clientId, secret),
    standardFlowEnabled: false,
    directAccessGrantsEnabled: false,
    serviceAccountsEnabled: false,
    fullScopeAllowed: false,
    attributes: { 'standard.token.exchange.enabled': 'true', ...attributes },
  };
}

/** Scope mappings for a client without full scope. A role of a client is written `client:role`. */
export function scopeMappingsFor(client: string, roles: readonly string[]): JsonObject {
  const realm = roles.filter((role) => !role.includes(':'));
  const byClient: Record<string, ScopeMappingRepresentation[]> = {};
  for (const role of roles.filter((one) => one.includes(':'))) {
    const split = role.lastIndexOf(':');
    const owner = role.slice(0, split);
    byClient[owner] = [{ client, roles: [...(byClient[owner]?.[0]?.roles ?? []), role.slice(split + 1)] }];
  }
  return {
    ...(realm.length > 0 ? { scopeMappings: [{ client, roles: realm }] } : {}),
    ...(Object.keys(byClient).length > 0 ? { clientScopeMappings: byClient } : {}),
  };
}
