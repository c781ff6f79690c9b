import { ok, type Result, refuse } from '@keyturn/protocol';
import type { Realm } from '../model/index.ts';
import { audiencesOf } from '../tokens/access-claims.ts';
import { decodeJwt } from '../tokens/jwt.ts';

/**
 * The `resource` parameters of a request (RFC 8707 §2): absolute URIs without fragment. None at all unless the realm's
 * attribute `resource.indicators.enabled` is `true`: Keycloak has this as an experimental feature, off by default.
 */
export function readResources(realm: Realm, parameters: URLSearchParams): Result<readonly string[], string> {
  if (realm.attributes['resource.indicators.enabled'] !== 'true') return ok([]);
  const resources = parameters.getAll('resource');
  const bad = resources.some((it) => !URL.canParse(it) || it.includes('#'));
  return bad ? refuse('resource must be an absolute URI without fragment') : ok(resources);
}

/**
 * The first resource that an issued token is not for. A resource is available if one of the client's mappers makes it an
 * audience: asking narrows, it never widens.
 */
export function missingResource(resources: readonly string[], accessToken: string): string | undefined {
  if (resources.length === 0) return undefined;
  const audiences = audiencesOf({ aud: decodeJwt(accessToken)?.claims['aud'] });
  return resources.find((resource) => !audiences.includes(resource));
}
