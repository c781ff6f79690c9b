import { isJsonObject, type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App, IdpContext } from '../../context.ts';
import { noStore, sendJson } from '../../http/answers.ts';
import { withRealm } from '../../http/realm-route.ts';
import {
  type Client,
  createClient,
  deleteClient,
  effectiveRoles,
  findClient,
  type IdpState,
  type InitialAccess,
  type Realm,
  updateClient,
} from '../../model/index.ts';
import { checkAccessToken } from '../../tokens/check.ts';
import { rolesInScope } from '../../tokens/scopes.ts';
import { readRegistrationToken, signRegistrationAccessToken } from '../../tokens/registration-tokens.ts';
import { clientFromMetadata, metadataOf } from './metadata.ts';
import { refuseStranger } from './trusted-hosts.ts';
import { textClaim } from '../../tokens/text-claim.ts';

/**
 * Dynamic client registration at Keycloak's path (RFC 7591, RFC 7592). Registering takes an initial access token, a
 * token with `create-client`, or a host that the realm's policy trusts (none by default); reading and changing takes the
 * client's own registration token.
 */
export function registerClientRegistration(app: App, context: IdpContext): void {
  const path = '/realms/:realm/clients-registrations/openid-connect';
  app.post(
    path,
    withRealm(context, async (realm, request, reply) => {
      const metadata = bodyOf(request);
      const right = await rightToRegister(context, realm, request, metadata ?? {});
      if (!right.ok) return right.refusal(reply);
      if (metadata === undefined) return refused(reply, 400, 'invalid_client_metadata', 'The body is no JSON object');
      const wanted = clientFromMetadata(metadata);
      if (!wanted.ok) return refused(reply, 400, wanted.refusal.error, wanted.refusal.description);
      const registrationAccessToken = context.state.newUuid();
      const made = context.state.transaction(() => {
        spend(context.state, right.value);
        const consentRequired = right.value === 'trusted-host';
        return createClient(context.state, realm, { ...wanted.value, consentRequired, registrationAccessToken });
      });
      if (!made.ok) return refused(reply, 400, 'invalid_client_metadata', 'Client Identifier in use');
      context.events.user(realm, {
        type: 'CLIENT_REGISTER',
        clientId: made.value.clientId,
        ipAddress: context.urls.peerOf(request).address,
      });
      return await answer(context, realm, request, reply, 201, made.value);
    }),
  );
  app.get(
    `${path}/:clientId`,
    withRealm(context, async (realm, request, reply) => {
      const client = await ownClient(context, realm, request);
      return client === undefined ? unauthorized(reply) : await answer(context, realm, request, reply, 200, client);
    }),
  );
  app.put(
    `${path}/:clientId`,
    withRealm(context, async (realm, request, reply) => {
      const client = await ownClient(context, realm, request);
      if (client === undefined) return unauthorized(reply);
      const metadata = bodyOf(request);
      if (metadata === undefined || metadata['client_id'] !== client.clientId) {
        return refused(reply, 400, 'invalid_client_metadata', 'Client Identifier modified');
      }
      const wanted = clientFromMetadata(metadata);
      if (!wanted.ok) return refused(reply, 400, wanted.refusal.error, wanted.refusal.description);
      const { attributes, ...members } = wanted.value;
      const changed = { ...client, ...members, attributes: { ...client.attributes, ...attributes } };
      const stored = updateClient(context.state, realm, {
        ...changed,
        registrationAccessToken: context.state.newUuid(),
      });
      if (!stored.ok) return refused(reply, 400, 'invalid_client_metadata', 'Client Identifier in use');
      return await answer(context, realm, request, reply, 200, stored.value);
    }),
  );
  app.delete(
    `${path}/:clientId`,
    withRealm(context, async (realm, request, reply) => {
      const client = await ownClient(context, realm, request);
      if (client === undefined || !deleteClient(context.state, client).ok) return unauthorized(reply);
      return reply.code(204).send();
    }),
  );
}

type Right = InitialAccess | 'role' | 'trusted-host';

async function rightToRegister(
  context: IdpContext,
  realm: Realm,
  request: FastifyRequest,
  metadata: JsonObject,
): Promise<Result<Right, never> | { readonly ok: false; readonly refusal: (reply: FastifyReply) => FastifyReply }> {
  const token = bearer(request);
  if (token === undefined) {
    const { address } = context.urls.peerOf(request);
    const against = await refuseStranger(context.state, realm, address, metadata);
    return against === undefined
      ? ok('trusted-host')
      : refuse((reply) => refused(reply, 403, 'insufficient_scope', against));
  }
  const issuer = context.urls.issuer(request, realm);
  const read = await readRegistrationToken(context, realm, issuer, token);
  if (read.ok) {
    const grant = context.state.initialAccess.inRealm(realm.id, textClaim(read.value, 'jti'));
    return grant !== undefined && grant.remainingCount > 0 ? ok(grant) : refuse(unauthorized);
  }
  const access = await checkAccessToken(context, realm, issuer, token);
  if (!access.ok) return refuse(unauthorized);
  const { client, user } = access.value;
  const management = findClient(context.state, realm.id, 'realm-management');
  const roles = rolesInScope(context.state, client, [], effectiveRoles(context.state, user));
  const may = roles.some(
    (role) => role.clientUuid === management?.id && (role.name === 'create-client' || role.name === 'manage-clients'),
  );
  return may ? ok('role') : refuse((reply) => refused(reply, 403, 'insufficient_scope', 'Forbidden'));
}

function spend(state: IdpState, right: Right): void {
  if (right === 'role' || right === 'trusted-host') return;
  const now = state.initialAccess.get(right.id) ?? right;
  state.initialAccess.put({ ...now, remainingCount: now.remainingCount - 1 });
}

async function ownClient(context: IdpContext, realm: Realm, request: FastifyRequest): Promise<Client | undefined> {
  const token = bearer(request);
  // The router decoded the path; the parameter is there by the route's own pattern.
  const { clientId } = request.params as { readonly clientId: string };
  const client = findClient(context.state, realm.id, clientId);
  if (token === undefined || client?.registrationAccessToken === undefined) return undefined;
  const read = await readRegistrationToken(context, realm, context.urls.issuer(request, realm), token);
  return read.ok && read.value['jti'] === client.registrationAccessToken ? client : undefined;
}

async function answer(
  context: IdpContext,
  realm: Realm,
  request: FastifyRequest,
  reply: FastifyReply,
  status: 200 | 201,
  client: Client,
): Promise<FastifyReply> {
  const issuer = context.urls.issuer(request, realm);
  const uri = `${issuer}/clients-registrations/openid-connect/${encodeURIComponent(client.clientId)}`;
  noStore(reply);
  if (status === 201) reply.header('location', uri);
  return sendJson(reply, status, {
    ...metadataOf(client),
    ...(status === 201 ? { client_id_issued_at: context.state.now() } : {}),
    registration_client_uri: uri,
    registration_access_token: await signRegistrationAccessToken(context, realm, issuer, client),
  });
}

function refused(reply: FastifyReply, status: 400 | 401 | 403, error: string, description: string): FastifyReply {
  noStore(reply);
  return sendJson(reply, status, { error, error_description: description });
}

function unauthorized(reply: FastifyReply): FastifyReply {
  return refused(reply, 401, 'invalid_token', 'Failed decode token');
}

function bearer(request: FastifyRequest): string | undefined {
  return /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
}

function bodyOf(request: FastifyRequest): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(String(request.body));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
