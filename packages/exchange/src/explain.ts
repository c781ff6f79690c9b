import { unreachable } from '@keyturn/protocol';
import type { ExchangeRefusal } from './refusal.ts';

/** What was tried, for the sentence: the requester's client id and the audience. */
export interface ExchangeFacts {
  readonly clientId: string;
  readonly audience: string;
}

/** Why there is no token and what to do about it, in words for the person who runs the realm. Free of tokens. */
export function explainExchange(refusal: ExchangeRefusal, facts: ExchangeFacts): string {
  switch (refusal.why) {
    case 'refused':
      return explainRefused(refusal, facts);
    case 'unreachable': {
      const later = refusal.retryAfter === undefined ? '' : ` It asks to be left alone for ${refusal.retryAfter} s.`;
      return `The token endpoint could not be used (${refusal.detail}).${later} Check that the identity provider runs and can be reached from here.`;
    }
    case 'breaker-open':
      return `The identity provider failed again and again, so nothing is sent to it; the next try is in ${refusal.retryAfter} s.`;
    case 'bad-answer':
      return `The token endpoint did not answer as one (${refusal.status}: ${refusal.detail}). Check that the address is the realm's token endpoint and that no login proxy stands in front of it.`;
    default:
      return unreachable(refusal);
  }
}

type Refused = Extract<ExchangeRefusal, { readonly why: 'refused' }>;

// Keycloak's words, as recorded from 26.4 and 26.7 (its Standard V2 token exchange); each with what mends it.
const known: readonly (readonly [RegExp, (facts: ExchangeFacts, found: RegExpMatchArray) => string])[] = [
  [
    /^Standard token exchange is not enabled/,
    ({ clientId }) =>
      `Client "${clientId}" may not exchange tokens. Switch on "Standard token exchange" in its capability config (attribute standard.token.exchange.enabled; the older spelling oauth2.token.exchange.grant.enabled does nothing).`,
  ],
  [
    /^Public client is not allowed/,
    ({ clientId }) => `Client "${clientId}" is public. Switch on "Client authentication" and configure its secret.`,
  ],
  [
    /^Client is not within the token audience/,
    ({ clientId }) =>
      `The caller's token is not meant for "${clientId}". Add an audience mapper with "${clientId}" as included client audience to the client that the caller logs in with (or to one of its default scopes), then get a new token.`,
  ],
  [
    /^Requested audience not available: ?(.*)$/,
    ({ clientId, audience }, found) =>
      `Client "${clientId}" cannot get a token for "${found[1] || audience}". Add a default client scope with an audience mapper for it to "${clientId}" (not to the audience client, where a mapper has no effect), or give the user a client role on it; and leave lightweight access tokens off.`,
  ],
  [
    /^Audience not found/,
    ({ audience }) =>
      `No client "${audience}" exists in the realm. The audience must be the client id of the upstream.`,
  ],
  [/^Client disabled/, ({ audience }) => `Client "${audience}" is disabled in the realm. Enable it.`],
  [
    /^Invalid client or Invalid client credentials/,
    ({ clientId }) =>
      `The secret of client "${clientId}" is wrong or the client does not exist. Compare TOKEN_EXCHANGE_CLIENT_ID and TOKEN_EXCHANGE_CLIENT_SECRET with the client's credentials.`,
  ],
  [
    /^Invalid token$/,
    () =>
      "The identity provider no longer accepts the caller's token: it has expired, was revoked, its session has ended, its user is disabled, or it is no access token of this realm. Get a new one.",
  ],
  [
    /^Invalid scopes?: ?(.*)$/,
    ({ clientId }, found) =>
      `Client "${clientId}" has no such scope: ${found[1] || 'those asked for'}. Assign it as an optional client scope, or ask for less.`,
  ],
  [
    /^Missing consents/,
    ({ clientId }) =>
      `Client "${clientId}" requires consent, which nobody can give in an exchange. Switch off "Consent required".`,
  ],
  [
    /^Parameter '(.+)' is not supported/,
    (_, found) => `Keycloak's standard token exchange has no "${found[1] ?? ''}"; that was legacy V1.`,
  ],
  [/^Invalid token issuer/, () => "The caller's token was issued by another realm or under another host name."],
];

function explainRefused(refusal: Refused, facts: ExchangeFacts): string {
  for (const [pattern, sentence] of known) {
    const found = refusal.description.match(pattern);
    if (found !== null) return sentence(facts, found);
  }
  const said = refusal.description === '' ? '' : `: ${refusal.description}`;
  switch (refusal.error) {
    case 'invalid_client':
    case 'unauthorized_client':
      return `The identity provider does not accept client "${facts.clientId}" (${refusal.error}${said}). Check its id, secret and authentication method.`;
    case 'unsupported_grant_type':
      return `The identity provider offers no token exchange. Keycloak does from 26.2 on, by default.`;
    case 'invalid_target':
      return `The identity provider knows no such audience: "${facts.audience}" (${refusal.error}${said}).`;
    default:
      return `The identity provider refused a token for "${facts.audience}" (${refusal.status} ${refusal.error}${said}).`;
  }
}
