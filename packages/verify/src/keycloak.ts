import type { Result } from '@keyturn/protocol';
import { ok, refuse, unreachable } from '@keyturn/protocol';
import { isHttpUrl } from './option-checks.ts';

/** What is known of where Keycloak is. Seed 002 (ADR-044). */
export interface KeycloakPlace {
  readonly realm: string;
  /** The issuer itself, as in `KEYCLOAK_ISSUER`. Wins over everything derived. */
  readonly issuer?: string | undefined;
  /** The key address itself, as in `KEYCLOAK_JWKS_URL`. */
  readonly jwksUrl?: string | undefined;
  /** The domain under which Keycloak's public name is `keycloak.<domain>`. */
  readonly domain?: string | undefined;
  /** The Helm release; its service in the cluster is `<releaseName>-<serviceSuffix>:8080`. */
  readonly releaseName?: string | undefined;
  /** Default `akko-keycloak`, as in the ADR's chart. */
  readonly serviceSuffix?: string;
}

/** The two addresses that must not be one: `issuer` is compared, `jwksUri` is fetched. */
export interface KeycloakAddresses {
  readonly issuer: string;
  readonly jwksUri: string;
}

export type KeycloakPlaceRefusal =
  | { readonly why: 'nowhere' }
  /** The domain starts with a name that only routes to Keycloak and never stands in `iss`. */
  | { readonly why: 'alias-domain'; readonly domain: string; readonly label: string; readonly canonical: string }
  | { readonly why: 'malformed'; readonly field: 'realm' | 'issuer' | 'jwksUrl' | 'domain' | 'releaseName' };

// identity, login and auth are the ADR's; the others are the same mistake under a name that other houses use.
const aliases: ReadonlySet<string> = new Set(['identity', 'login', 'auth', 'sso', 'id', 'accounts']);
const hostLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

/**
 * Where Keycloak's issuer and keys are, in the ADR's order. Issuer: as given, else `https://keycloak.<domain>/…`, else
 * the service in the cluster. Keys: as given, else (with an issuer given) beside it, else the service in the cluster,
 * else beside the derived issuer. An issuer that is given is an identity provider of the customer's own, so it does not
 * take the shortcut through the cluster.
 */
export function resolveKeycloak(place: KeycloakPlace): Result<KeycloakAddresses, KeycloakPlaceRefusal> {
  const { realm, issuer, jwksUrl, domain, releaseName, serviceSuffix = 'akko-keycloak' } = given(place);
  if (!isRealmName(realm)) return refuse({ why: 'malformed', field: 'realm' });
  if (issuer !== undefined && !isHttpUrl(issuer)) return refuse({ why: 'malformed', field: 'issuer' });
  if (jwksUrl !== undefined && !isHttpUrl(jwksUrl)) return refuse({ why: 'malformed', field: 'jwksUrl' });
  if (releaseName !== undefined && !isHostLabel(releaseName)) {
    return refuse({ why: 'malformed', field: 'releaseName' });
  }
  const path = `/realms/${encodeURIComponent(realm)}`;
  const inCluster = releaseName === undefined ? undefined : `http://${releaseName}-${serviceSuffix}:8080${path}`;
  if (issuer !== undefined) return ok({ issuer, jwksUri: jwksUrl ?? certsOf(issuer) });
  if (domain !== undefined) {
    const fault = faultOfDomain(domain);
    if (fault !== undefined) return refuse(fault);
    const derived = `https://keycloak.${domain}${path}`;
    return ok({ issuer: derived, jwksUri: jwksUrl ?? certsOf(inCluster ?? derived) });
  }
  return inCluster === undefined
    ? refuse({ why: 'nowhere' })
    : ok({ issuer: inCluster, jwksUri: jwksUrl ?? certsOf(inCluster) });
}

/** Says in a sentence why Keycloak's addresses cannot be told. */
export function explainKeycloakPlace(refusal: KeycloakPlaceRefusal): string {
  switch (refusal.why) {
    case 'nowhere':
      return 'Nothing says where Keycloak is: give the issuer, the domain or the name of the release.';
    case 'alias-domain':
      return `The domain ${JSON.stringify(refusal.domain)} starts with "${refusal.label}.", which only routes browsers to Keycloak: no token has it in iss, so every good token would be refused. Give the domain ${JSON.stringify(refusal.canonical)}, or the issuer itself.`;
    case 'malformed':
      return `The ${refusal.field} of Keycloak is malformed.`;
    default:
      return unreachable(refusal);
  }
}

/** Where Keycloak serves the keys of a realm. */
function certsOf(issuer: string): string {
  return `${issuer.endsWith('/') ? issuer.slice(0, -1) : issuer}/protocol/openid-connect/certs`;
}

/** Helm renders a value that is not set as an empty text. */
function given(place: KeycloakPlace): KeycloakPlace {
  const blank = (text: string | undefined): string | undefined => (text === '' ? undefined : text);
  return {
    ...place,
    issuer: blank(place.issuer),
    jwksUrl: blank(place.jwksUrl),
    domain: blank(place.domain),
    releaseName: blank(place.releaseName),
  };
}

/** A name that stays one segment of a path: `.` and `..` would lead to another place. */
function isRealmName(realm: unknown): boolean {
  return typeof realm === 'string' && /^[^/?#\s]+$/.test(realm) && realm !== '.' && realm !== '..';
}

function isHostLabel(label: unknown): boolean {
  return typeof label === 'string' && hostLabel.test(label);
}

function faultOfDomain(domain: string): KeycloakPlaceRefusal | undefined {
  if (typeof domain !== 'string') return { why: 'malformed', field: 'domain' };
  const [host = '', port, ...rest] = domain.split(':');
  const labels = host.split('.');
  const portIsFine = port === undefined || /^[0-9]{1,5}$/.test(port);
  if (rest.length > 0 || !portIsFine || !labels.every(isHostLabel)) {
    return { why: 'malformed', field: 'domain' };
  }
  const label = labels[0]?.toLowerCase() ?? '';
  if (!aliases.has(label)) return undefined;
  return { why: 'alias-domain', domain, label, canonical: domain.slice(label.length + 1) };
}
