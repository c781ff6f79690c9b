import { isJsonObject, type Json } from '@keyturn/protocol';
import type { AdminEvent } from '../../model/index.ts';
import type { Answer } from './answer.ts';
import type { AdminCall } from './call.ts';

/** Kinds of things that admin events name, as Keycloak does. `none`: the endpoint changes nothing that is recorded. */
export type ResourceType =
  | 'ATTACK_DETECTION'
  | 'AUTH_EXECUTION'
  | 'CLIENT'
  | 'CLIENT_INITIAL_ACCESS_MODEL'
  | 'CLIENT_ROLE'
  | 'CLIENT_ROLE_MAPPING'
  | 'CLIENT_SCOPE'
  | 'CLIENT_SCOPE_CLIENT_MAPPING'
  | 'COMPONENT'
  | 'CUSTOM'
  | 'GROUP'
  | 'GROUP_MEMBERSHIP'
  | 'IDENTITY_PROVIDER'
  | 'PROTOCOL_MAPPER'
  | 'REALM'
  | 'REALM_ROLE'
  | 'REALM_ROLE_MAPPING'
  | 'REALM_SCOPE_MAPPING'
  | 'CLIENT_SCOPE_MAPPING'
  | 'REQUIRED_ACTION'
  | 'USER'
  | 'USER_LOGIN_FAILURE'
  | 'USER_PROFILE'
  | 'USER_SESSION'
  | 'none';

/** The event of a change that succeeded. `path` is the request's path below the realm. */
export function adminEventOf(
  call: AdminCall,
  change: {
    readonly operation: AdminEvent['operationType'];
    readonly resource: ResourceType;
    readonly path: string;
    readonly body: unknown;
    readonly answer: Answer;
  },
): Omit<AdminEvent, 'id' | 'time' | 'realmId'> {
  const { operation, resource, path, answer } = change;
  // What an action was asked with may be a password: only what its endpoint names is shown.
  const shown = operation === 'ACTION' ? answer.recorded : (answer.recorded ?? change.body);
  return {
    authDetails: {
      realmId: call.admin.realm.id,
      clientId: call.admin.clientUuid,
      userId: call.admin.userId,
      ipAddress: call.context.urls.peerOf(call.request).address,
    },
    operationType: operation,
    resourceType: resource,
    resourcePath: answer.recordedPath ?? (answer.location === undefined ? path : decodeURIComponent(answer.location)),
    // What a handler was given was read from JSON.
    ...(shown === undefined ? {} : { representation: JSON.stringify(withoutSecrets(shown as Json)) }),
  };
}

const masked = new Set([
  'secret',
  'clientSecret',
  'password',
  'privateKey',
  'bindCredential',
  'registrationAccessToken',
  'secretData',
  'value',
  'credentialData',
]);

/** The same representation with every secret replaced by asterisks and credentials left out: events are no vault. */
export function withoutSecrets(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== 'credentials')
      .map(([name, member]) => [name, masked.has(name) ? '**********' : withoutSecrets(member ?? null)]),
  );
}
