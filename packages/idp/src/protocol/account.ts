import type { FastifyRequest } from 'fastify';
import { isJsonObject } from '@keyturn/protocol';
import type { App, IdpContext } from '../context.ts';
import { sendPlainStatus } from '../http/answers.ts';
import { allowClientOrigins } from '../http/cors.ts';
import { withRealm } from '../http/realm-route.ts';
import { effectiveRoles, findClient, type Realm, type User, updateUser } from '../model/index.ts';
import { checkAccessToken } from '../tokens/check.ts';
import { audiencesOf } from '../tokens/access-claims.ts';
import { rolesInScope } from '../tokens/scopes.ts';

/**
 * The account REST API: the token's user reads and changes the own profile. It shares its address with the account
 * page and is meant when the request carries a bearer token. Unlike Keycloak it wants `account` in the token's `aud`:
 * a token that was narrowed to another service must not open its owner's account.
 */
export function registerAccountApi(app: App, context: IdpContext): void {
  for (const url of ['/realms/:realm/account', '/realms/:realm/account/']) {
    app.route({
      method: 'GET',
      url,
      constraints: { bearer: 'yes' },
      handler: withRealm(context, async (realm, request, reply) => {
        const user = await holderOf(context, realm, request, ['view-profile', 'manage-account']);
        if (user === undefined) return sendPlainStatus(reply, 401);
        allowClientOrigins(request, reply, user.client);
        reply.header('content-type', 'application/json;charset=UTF-8').header('cache-control', 'no-cache');
        return reply.send(JSON.stringify(profileOf(realm, user.user)));
      }),
    });
    app.route({
      method: 'POST',
      url,
      constraints: { bearer: 'yes' },
      handler: withRealm(context, async (realm, request, reply) => {
        const holder = await holderOf(context, realm, request, ['manage-account']);
        if (holder === undefined) return sendPlainStatus(reply, 401);
        const changes = changesOf(request);
        if (changes === undefined) return sendPlainStatus(reply, 400);
        const verified = changes.email === undefined || changes.email === holder.user.email;
        const emailVerified = verified && holder.user.emailVerified;
        const changed = updateUser(context.state, realm, { ...holder.user, ...changes, emailVerified });
        return changed.ok ? reply.code(204).send() : sendPlainStatus(reply, 400);
      }),
    });
  }
}

async function holderOf(context: IdpContext, realm: Realm, request: FastifyRequest, anyOf: readonly string[]) {
  const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const checked = await checkAccessToken(context, realm, context.urls.issuer(request, realm), token);
  if (!checked.ok || !audiencesOf({ aud: checked.value.claims['aud'] }).includes('account')) return undefined;
  const { client, user } = checked.value;
  const account = findClient(context.state, realm.id, 'account');
  const roles = rolesInScope(context.state, client, [], effectiveRoles(context.state, user));
  const may = roles.some((role) => role.clientUuid === account?.id && anyOf.includes(role.name));
  return may ? { client, user } : undefined;
}

function profileOf(realm: Realm, user: User): object {
  const { id, username, firstName, lastName, email, emailVerified, attributes } = user;
  return {
    id,
    username,
    firstName,
    lastName,
    email,
    emailVerified,
    userProfileMetadata: realm.userProfile,
    attributes,
  };
}

/** What a user may change of the own profile here. */
function changesOf(request: FastifyRequest): Partial<Pick<User, 'email' | 'firstName' | 'lastName'>> | undefined {
  try {
    const value: unknown = JSON.parse(String(request.body));
    if (!isJsonObject(value)) return undefined;
    const { email, firstName, lastName } = value;
    return {
      ...(typeof email === 'string' ? { email } : {}),
      ...(typeof firstName === 'string' ? { firstName } : {}),
      ...(typeof lastName === 'string' ? { lastName } : {}),
    };
  } catch {
    return undefined;
  }
}
