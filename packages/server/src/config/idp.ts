import { ok, type Result, refuse } from '@keyturn/protocol';
import { explainKeycloakPlace, resolveKeycloak } from '@keyturn/verify';
import type { Settings } from './schema.ts';

/** The identity provider as every part needs it: what is compared, what is fetched, what is asked. */
export interface IdpAddresses {
  /** Compared with `iss`. */
  readonly issuer: string;
  /** Fetched for keys; undefined: from the issuer's discovery document. */
  readonly jwksUrl: string | undefined;
  /** RFC 8693 requests go here. */
  readonly tokenEndpoint: string;
  /** The issuer as Keyturn itself reaches it: another address than browsers have, where front and back channel are apart. */
  readonly backchannel: string;
}

export interface IdpFault {
  readonly path: string;
  readonly message: string;
}

const certsPath = '/protocol/openid-connect/certs';
const tokenPath = '/protocol/openid-connect/token';

/**
 * Issuer and key address from whatever names them (seed 002): an explicit issuer, else Keycloak's base URL and realm,
 * else the canonical host of the domain, else the in-cluster service. Two names that disagree are a fault, and so is
 * a domain that begins with an alias (identity., login., auth.), since Keycloak never writes it into `iss`. An issuer
 * that is given whole is taken as it is: it may be a customer's own provider.
 */
export function resolveIdp(settings: Settings): Result<IdpAddresses, readonly IdpFault[]> {
  const { auth, exchange } = settings;
  const fromBase =
    auth.keycloakUrl === undefined || auth.realm === undefined
      ? undefined
      : `${auth.keycloakUrl.replace(/\/+$/, '')}/realms/${encodeURIComponent(auth.realm)}`;
  if (auth.keycloakUrl !== undefined && auth.realm === undefined) {
    return refuse([{ path: 'auth.realm', message: 'auth.keycloakUrl needs auth.realm (KEYCLOAK_REALM) beside it' }]);
  }
  if (auth.issuer !== undefined && fromBase !== undefined && auth.issuer !== fromBase) {
    return refuse([
      {
        path: 'auth.issuer',
        message: `auth.issuer is ${auth.issuer}, but auth.keycloakUrl and auth.realm make ${fromBase}; tokens carry one of them, so set one`,
      },
    ]);
  }
  const issuer = auth.issuer ?? fromBase;
  if (issuer === undefined && auth.backchannelUrl !== undefined) {
    return refuse([
      {
        path: 'auth.issuer',
        message:
          'auth.backchannelUrl (KEYCLOAK_SERVER_URL) says where Keycloak is reached from here, not what it calls itself: set auth.issuer (KEYCLOAK_ISSUER), or auth.keycloakUrl (KEYCLOAK_URL), to the public name',
      },
    ]);
  }
  // An issuer that is not a Keycloak realm says itself where its keys are (RFC 8414); nothing is derived from its name.
  if (issuer !== undefined && !issuer.includes('/realms/')) return ofAnotherProvider(issuer, settings);
  const realm = auth.realm ?? issuer?.slice(issuer.lastIndexOf('/realms/') + '/realms/'.length);
  if (realm === undefined) {
    return refuse([
      {
        path: 'auth.issuer',
        message:
          'name the issuer: auth.issuer (KEYCLOAK_ISSUER), or auth.keycloakUrl and auth.realm (KEYCLOAK_URL, KEYCLOAK_REALM), or auth.domain and auth.realm',
      },
    ]);
  }
  const { domain, releaseName } = auth;
  const inside =
    auth.backchannelUrl === undefined
      ? undefined
      : `${auth.backchannelUrl.replace(/\/+$/, '')}/realms/${encodeURIComponent(realm)}`;
  const given = auth.jwksUrl ?? (inside === undefined ? undefined : `${inside}${certsPath}`);
  const resolved = resolveKeycloak({ issuer, jwksUrl: given, domain, realm, releaseName });
  if (!resolved.ok) return refuse([{ path: 'auth', message: explainKeycloakPlace(resolved.refusal) }]);
  const { jwksUri } = resolved.value;
  return ok({
    issuer: resolved.value.issuer,
    jwksUrl: auth.discovery && given === undefined ? undefined : jwksUri,
    tokenEndpoint:
      exchange.tokenEndpoint ??
      (inside === undefined ? tokenEndpointBeside(jwksUri, resolved.value.issuer) : `${inside}${tokenPath}`),
    backchannel: inside ?? besideKeys(jwksUri) ?? resolved.value.issuer,
  });
}

function ofAnotherProvider(issuer: string, { auth, exchange }: Settings): Result<IdpAddresses, readonly IdpFault[]> {
  if (exchange.clientId !== undefined && exchange.tokenEndpoint === undefined) {
    return refuse([
      {
        path: 'exchange.tokenEndpoint',
        message: `${issuer} is not a Keycloak realm, so the token endpoint cannot be derived: set exchange.tokenEndpoint`,
      },
    ]);
  }
  return ok({
    issuer,
    jwksUrl: auth.jwksUrl,
    tokenEndpoint: exchange.tokenEndpoint ?? issuer,
    backchannel: auth.backchannelUrl ?? issuer,
  });
}

/** The token endpoint of the same Keycloak, by the same (internal) host as the keys. */
function tokenEndpointBeside(jwksUrl: string, issuer: string): string {
  return `${besideKeys(jwksUrl) ?? issuer}${tokenPath}`;
}

/** The realm's own address where the keys lie below one. */
function besideKeys(jwksUrl: string): string | undefined {
  return jwksUrl.endsWith(certsPath) ? jwksUrl.slice(0, -certsPath.length) : undefined;
}
