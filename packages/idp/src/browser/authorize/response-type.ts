import { type OAuthErrorCode, ok, type Result, refuse } from '@keyturn/protocol';
import type { Client } from '../../model/index.ts';
import type { ResponseMode } from './response-mode.ts';

/** What is wrong with a `response_type`, and where the answer about it goes if not into the query. */
export interface ResponseTypeRefusal {
  readonly error: OAuthErrorCode;
  readonly description?: string;
  readonly responseMode?: ResponseMode;
}

const knownTypes: readonly string[] = ['code', 'id_token', 'token', 'none'];

/** Only the code flow exists here. What Keycloak would refuse is refused in its words; the rest as unsupported. */
export function readResponseType(client: Client, text: string | undefined): Result<void, ResponseTypeRefusal> {
  if (text === undefined) return refuse({ error: 'invalid_request', description: 'Missing parameter: response_type' });
  const types = text.split(' ').filter((it) => it !== '');
  if (types.length === 0 || types.some((it) => !knownTypes.includes(it)))
    return refuse({ error: 'unsupported_response_type' });
  const forbidden = (flow: string): string =>
    `Client is not allowed to initiate browser login with given response_type. ${flow} flow is disabled for the client.`;
  const implicit = types.includes('token') || types.includes('id_token');
  if (implicit && !client.implicitFlowEnabled) {
    return refuse({ error: 'unauthorized_client', description: forbidden('Implicit'), responseMode: 'fragment' });
  }
  if (implicit) return refuse({ error: 'unsupported_response_type', responseMode: 'fragment' });
  if (!client.standardFlowEnabled) return refuse({ error: 'unauthorized_client', description: forbidden('Standard') });
  return types.length === 1 && types[0] === 'code' ? ok(undefined) : refuse({ error: 'unsupported_response_type' });
}
