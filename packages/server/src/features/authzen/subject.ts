import { epochSeconds, type JsonObject, type Principal } from '@keyturn/protocol';
import { type Evaluation, objectOf, textOf, textsOf } from './request.ts';

/**
 * The subject of a question as a principal: nobody has shown a token, so all of it is what the asking service says.
 * `properties` may name `issuer`, `subject`, `client`, `roles`, `scopes`, `service_account` and `claims`.
 */
export function principalOf({ subject }: Evaluation, issuer: string): Principal {
  const { id, type, properties = {} } = subject;
  const claims: JsonObject = objectOf(properties['claims']) ?? {};
  return {
    issuer: textOf(properties['issuer']) ?? issuer,
    identity: id,
    subject: textOf(properties['subject']) ?? id,
    client: textOf(properties['client']),
    serviceAccount: properties['service_account'] === true || type === 'agent' || type === 'client',
    audiences: [],
    scopes: textsOf(properties['scopes']),
    roles: { realm: textsOf(properties['roles']), clients: {} },
    tokenId: undefined,
    sessionId: undefined,
    issuedAt: undefined,
    expiresAt: epochSeconds(Number.MAX_SAFE_INTEGER),
    claims,
  };
}
