import type { Claims, JsonObject } from '@keyturn/protocol';
import { membersOf, objectsOf, textsOf } from '../model/members.ts';
import type { Finding, Severity } from './check.ts';
import { attributeOf, audiencesOf, mayExchange, type RealmFacts, textMember } from './facts.ts';

/** What the walk over the conditions of an exchange looks at. */
export interface ExchangeFacts {
  readonly claims: Claims | undefined;
  readonly issuer: string;
  /** Seconds since 1970. */
  readonly now: number;
  readonly audience: string;
  readonly requesterId: string;
  readonly realm: RealmFacts;
  /** The audiences that the requester would get for this user, predicted by Keycloak; undefined if it could not be asked. */
  readonly available: readonly string[] | undefined;
  /** Undefined: it could not be looked up, or the token belongs to no session. */
  readonly sessionAlive: boolean | undefined;
  readonly userEnabled: boolean | undefined;
}

interface Condition {
  readonly id: string;
  readonly severity: Severity;
  readonly looked: string;
  readonly found: string;
  readonly mend?: string;
}

export const exchangeWhy =
  'Keycloak refuses an exchange with one short sentence, and the same one for several causes (keycloak/keycloak#38923).';

/**
 * Walks the conditions of Standard Token Exchange in order and ends at the first that fails: what comes after it would
 * only be noise. FACTS §3 has the answer that Keycloak gives for each.
 */
export function judgeExchange(facts: ExchangeFacts): readonly Finding[] {
  const findings: Finding[] = [];
  for (const condition of conditions) {
    const { id, ...verdict } = condition(facts);
    findings.push({ check: `exchange/${id}`, why: exchangeWhy, ...verdict });
    if (verdict.severity === 'error') break;
  }
  return findings;
}

const conditions: readonly ((facts: ExchangeFacts) => Condition)[] = [
  subjectToken,
  notExpired,
  requesterThere,
  requesterInAudience,
  switchOn,
  confidential,
  audienceThere,
  audienceAvailable,
  consent,
  sessionAlive,
];

function good(id: string, looked: string, found: string): Condition {
  return { id, severity: 'ok', looked, found };
}

function bad(id: string, looked: string, found: string, mend: string): Condition {
  return { id, severity: 'error', looked, found, mend };
}

function subjectToken({ claims, issuer }: ExchangeFacts): Condition {
  const id = 'subject-token';
  const looked = 'the subject token’s kind and issuer';
  if (claims === undefined)
    return bad(id, looked, 'no JWT ("Invalid token")', 'give the access_token of a user’s login');
  if (claims.typ !== undefined && claims.typ !== 'Bearer')
    return bad(
      id,
      looked,
      `typ ${claims.typ}: no access token ("Invalid token")`,
      'give the access_token, not the id_token or refresh_token',
    );
  if (claims.iss !== issuer)
    return bad(
      id,
      looked,
      `issued by ${claims.iss ?? 'nobody'}, not by ${issuer} ("Invalid token")`,
      'use a token of this realm, fetched by the host name that Keycloak calls itself',
    );
  return good(id, looked, 'an access token of this realm');
}

function notExpired({ claims, now }: ExchangeFacts): Condition {
  const left = (claims?.exp ?? 0) - now;
  const id = 'not-expired';
  if (left > 0) return good(id, 'the subject token’s exp', `${left} s left`);
  return bad(
    id,
    'the subject token’s exp',
    `expired ${-left} s ago ("Invalid token")`,
    'fetch a new token, or refresh it',
  );
}

/** A client by its id. */
export function findClient(realm: RealmFacts, clientId: string): JsonObject | undefined {
  return realm.clients.find((client) => textMember(client, 'clientId') === clientId);
}

function requesterThere({ realm, requesterId }: ExchangeFacts): Condition {
  const looked = `client ${requesterId}`;
  const requester = findClient(realm, requesterId);
  const mend = 'add the recipe token-exchange to the realm file, then keyturn realm apply';
  if (requester === undefined)
    return bad('requester', looked, 'there is no such client ("Invalid client or Invalid client credentials")', mend);
  if (requester['enabled'] === false)
    return bad('requester', looked, 'disabled', `keyturn realm apply --target "${looked}"`);
  return good('requester', looked, 'there and enabled');
}

function requesterInAudience({ claims, requesterId }: ExchangeFacts): Condition {
  const audiences = claims === undefined ? [] : audiencesOf(claims);
  const looked = 'the subject token’s aud';
  if (claims?.azp === requesterId || audiences.includes(requesterId))
    return good('requester-in-aud', looked, `has ${requesterId}`);
  return bad(
    'requester-in-aud',
    looked,
    `[${audiences.join(', ')}] without ${requesterId} (403 "Client is not within the token audience")`,
    `add an audience mapper for ${requesterId} to ${claims?.azp ?? 'the client that issued the token'} (recipe token-exchange, subjects), then keyturn realm apply --target "client ${claims?.azp ?? ''}", and fetch a new token`,
  );
}

function switchOn({ realm, requesterId }: ExchangeFacts): Condition {
  const requester = findClient(realm, requesterId) ?? {};
  const looked = `client ${requesterId}, standard.token.exchange.enabled`;
  if (mayExchange(requester)) return good('switch', looked, 'true');
  const mend = `keyturn realm apply --target "client ${requesterId}"`;
  if (attributeOf(requester, 'oauth2.token.exchange.grant.enabled') !== '')
    return bad(
      'switch',
      looked,
      'not set; oauth2.token.exchange.grant.enabled is, which has no effect ("Standard token exchange is not enabled for the requested client")',
      mend,
    );
  return bad('switch', looked, 'off ("Standard token exchange is not enabled for the requested client")', mend);
}

function confidential({ realm, requesterId }: ExchangeFacts): Condition {
  const looked = `client ${requesterId}, client authentication`;
  if (findClient(realm, requesterId)?.['publicClient'] !== true) return good('confidential', looked, 'on');
  return bad(
    'confidential',
    looked,
    'off: a public client ("Public client is not allowed to exchange token")',
    `set publicClient: false, then keyturn realm apply --target "client ${requesterId}"`,
  );
}

function audienceThere({ realm, audience }: ExchangeFacts): Condition {
  const looked = `client ${audience}`;
  const target = findClient(realm, audience);
  if (target === undefined)
    return bad(
      'audience',
      looked,
      'there is no such client ("Audience not found"); an audience is always a client id',
      `add ${audience} to upstreams of the recipe token-exchange, then keyturn realm apply`,
    );
  if (target['enabled'] === false)
    return bad('audience', looked, 'disabled ("Client disabled")', `keyturn realm apply --target "${looked}"`);
  return good('audience', looked, 'there and enabled');
}

/** Default scopes are enough; optional ones must be asked for; a client role of the user works without any mapper. */
function audienceAvailable({ realm, audience, requesterId, available }: ExchangeFacts): Condition {
  const requester = findClient(realm, requesterId) ?? {};
  const looked = `what brings ${audience} into ${requesterId}’s tokens`;
  const id = 'audience-available';
  if (available?.includes(audience) === true) return good(id, looked, 'Keycloak predicts it');
  const refused = `("Requested audience not available: ${audience}")`;
  if (attributeOf(requester, 'client.use.lightweight.access.token.enabled') === 'true')
    return bad(
      id,
      looked,
      `lightweight tokens carry no audience ${refused}`,
      `set client.use.lightweight.access.token.enabled: "false" on ${requesterId}`,
    );
  const bringing = realm.scopes.filter((scope) => brings(scope, audience)).map((scope) => textMember(scope, 'name'));
  const mend = `keyturn realm apply --target "client ${requesterId}"`;
  const byDefault = bringing.find((scope) => textsOf(requester['defaultClientScopes']).includes(scope));
  if (available === undefined && (byDefault !== undefined || brings(requester, audience)))
    return good(id, looked, byDefault ?? 'a mapper of its own');
  const optional = bringing.find((scope) => textsOf(requester['optionalClientScopes']).includes(scope));
  if (optional !== undefined)
    return bad(
      id,
      looked,
      `the scope ${optional} is only optional ${refused}`,
      `send scope=${optional} with the exchange, or make it a default scope: ${mend}`,
    );
  if (bringing.length > 0 && byDefault === undefined)
    return bad(
      id,
      looked,
      `the scope ${bringing.join(', ')} has the mapper but is not assigned to ${requesterId} ${refused}`,
      mend,
    );
  const target = findClient(realm, audience) ?? {};
  if (brings(target, audience))
    return bad(
      id,
      looked,
      `only ${audience} itself has the mapper, which acts on tokens issued to ${audience} ${refused}`,
      mend,
    );
  return bad(
    id,
    looked,
    `no scope of ${requesterId} has an audience mapper for it, and the user has no role of ${audience} that ${requesterId} may pass on ${refused}`,
    mend,
  );
}

function brings(owner: JsonObject, audience: string): boolean {
  return objectsOf(owner['protocolMappers']).some((mapper) => {
    const config = membersOf(mapper['config']);
    return (
      mapper['protocolMapper'] === 'oidc-audience-mapper' &&
      config['included.client.audience'] === audience &&
      config['access.token.claim'] !== 'false'
    );
  });
}

function consent({ realm, requesterId }: ExchangeFacts): Condition {
  const looked = `client ${requesterId}, consentRequired`;
  if (findClient(realm, requesterId)?.['consentRequired'] !== true) return good('consent', looked, 'off');
  return bad(
    'consent',
    looked,
    `on ("Missing consents for Token Exchange in client ${requesterId}")`,
    `set consentRequired: false on ${requesterId}`,
  );
}

function sessionAlive({ sessionAlive: alive, userEnabled }: ExchangeFacts): Condition {
  const looked = 'the session and the user behind the subject token';
  if (userEnabled === false) return bad('session', looked, 'the user is disabled ("Invalid token")', 'enable the user');
  if (alive === false)
    return bad(
      'session',
      looked,
      'the session has ended: logout, 30 idle minutes or an administrator ("Invalid token")',
      'log in again; only a refresh keeps a session alive, exchanges do not',
    );
  return alive === undefined
    ? { id: 'session', severity: 'note', looked, found: 'not to be seen from here' }
    : good('session', looked, 'alive');
}
