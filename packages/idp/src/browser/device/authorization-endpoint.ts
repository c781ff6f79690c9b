import type { FastifyReply } from 'fastify';
import { noStore, sendJson, sendOAuthError } from '../../http/answers.ts';
import { duplicateOf, formOf } from '../../http/form.ts';
import { authenticateClient } from '../../protocol/client-authentication.ts';
import { clientError } from '../../protocol/token-endpoint.ts';
import { grantScopes } from '../../tokens/scopes.ts';
import { readCodeChallenge } from '../authorize/pkce.ts';
import type { Visit } from '../visit.ts';
import { putDeviceRequest } from './device-codes.ts';

/** The device authorization endpoint (RFC 8628 §3.1). Clients need the attribute that Keycloak's switch sets. */
export async function deviceAuthorization(visit: Visit): Promise<FastifyReply> {
  const { context, realm, request, reply } = visit;
  const authenticated = await authenticateClient(context, realm, request);
  if (!authenticated.ok) return sendOAuthError(reply, 401, ...clientError(authenticated.refusal));
  const { client } = authenticated.value;
  if (client.attributes['oauth2.device.authorization.grant.enabled'] !== 'true') {
    const description =
      'Client is not allowed to initiate OAuth 2.0 Device Authorization Grant. The flow is disabled for the client.';
    return sendOAuthError(reply, 400, 'unauthorized_client', description);
  }
  const form = formOf(request);
  if (duplicateOf(form) !== undefined) return sendOAuthError(reply, 400, 'invalid_request', 'duplicated parameter');
  const scope = form.get('scope') ?? '';
  if (!grantScopes(context.state, client, scope).ok) {
    return sendOAuthError(reply, 400, 'invalid_scope', `Invalid scopes: ${scope}`);
  }
  const challenge = readCodeChallenge(client, form);
  if (!challenge.ok) return sendOAuthError(reply, 400, 'invalid_request', challenge.refusal);
  const own = (name: string): number | undefined => {
    const text = client.attributes[name] ?? '';
    return /^\d+$/.test(text) ? Number(text) : undefined;
  };
  const lifetime = own('oauth2.device.code.lifespan') ?? realm.oauth2DeviceCodeLifespan;
  const interval = own('oauth2.device.polling.interval') ?? realm.oauth2DevicePollingInterval;
  const nonce = form.get('nonce');
  const { deviceCode, userCode } = putDeviceRequest(context.state, realm, lifetime, {
    clientUuid: client.id,
    scope,
    interval,
    decision: 'pending',
    ...(nonce === null ? {} : { nonce }),
    ...(challenge.value === undefined ? {} : { codeChallenge: challenge.value }),
  });
  const page = `${visit.base}/device`;
  noStore(reply);
  return sendJson(reply, 200, {
    device_code: deviceCode,
    user_code: userCode,
    verification_uri: page,
    verification_uri_complete: `${page}?user_code=${userCode}`,
    expires_in: lifetime,
    interval,
  });
}
