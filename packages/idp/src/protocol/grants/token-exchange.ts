import { ok, type Result, refuse, tokenTypes } from '@keyturn/protocol';
import type { IdpContext } from '../../context.ts';
import { type Client, effectiveRoles, findClient, putClientSession, transientSession } from '../../model/index.ts';
import { checkAccessToken, type LiveToken } from '../../tokens/check.ts';
import { audiencesOf, buildAccessClaims, narrowClaims } from '../../tokens/access-claims.ts';
import { idTokenOf } from '../../tokens/id-token.ts';
import { issueTokens } from '../../tokens/issue.ts';
import type { SessionKind, TokenRequest } from '../../tokens/token-request.ts';
import { type GrantedScopes, grantScopes } from '../../tokens/scopes.ts';
import { type GrantFacts, type GrantHandler, type GrantRefusal, type GrantRequest, refuseGrant } from '../grants.ts';

/**
 * Token exchange as Keycloak's "Standard V2" does it (RFC 8693). The requester gets a token of its own making for the
 * subject: its own scopes, its own roles filter, narrowed to the audiences it names. The subject's session carries it.
 */
export function tokenExchangeGrant(context: IdpContext): GrantHandler {
  return {
    eventType: 'TOKEN_EXCHANGE',
    handle: async (grant) => {
      const asked = checkRequest(grant);
      if (!asked.ok) return asked;
      const facts: GrantFacts = { details: { auth_method: 'token_exchange', requested_token_type: asked.value.type } };
      const subject = await checkAccessToken(context, grant.realm, grant.issuer, asked.value.subjectToken, {
        boundToo: true,
      });
      if (!subject.ok) {
        return badRequest('Invalid token', {
          ...facts,
          error: 'invalid_token',
          reason: 'subject_token validation failure',
        });
      }
      const known: GrantFacts = {
        userId: subject.value.user.id,
        ...(subject.value.session === undefined ? {} : { sessionId: subject.value.session.id }),
        details: {
          ...facts.details,
          subject_token_client_id: subject.value.client.clientId,
          username: subject.value.user.username,
        },
      };
      return await exchange(context, grant, asked.value, subject.value, known);
    },
  };
}

type Requested = typeof tokenTypes.accessToken | typeof tokenTypes.refreshToken | typeof tokenTypes.idToken;

interface Asked {
  readonly subjectToken: string;
  readonly type: Requested;
  readonly audiences: readonly string[];
  readonly scope: string | undefined;
}

type Refused = { readonly ok: false; readonly refusal: GrantRefusal };

function badRequest(description: string, event: Partial<Parameters<typeof refuseGrant>[3]> = {}): Refused {
  return refuseGrant(400, 'invalid_request', description, { reason: description, error: 'invalid_request', ...event });
}

// What can be judged before the token is looked at, in Keycloak's order.
function checkRequest({ client, form }: GrantRequest): Result<Asked, GrantRefusal> {
  for (const name of ['requested_subject', 'requested_issuer', 'subject_issuer']) {
    if (form.has(name)) return badRequest(`Parameter '${name}' is not supported for standard token exchange`);
  }
  if (client.attributes['standard.token.exchange.enabled'] !== 'true') {
    return badRequest('Standard token exchange is not enabled for the requested client');
  }
  const subjectToken = form.get('subject_token');
  if (subjectToken === null) return badRequest("Parameter 'subject_token' required for standard token exchange");
  const subjectType = form.get('subject_token_type');
  if (subjectType === null) return badRequest("Parameter 'subject_token_type' required for standard token exchange");
  if (subjectType !== tokenTypes.accessToken)
    return badRequest("Parameter 'subject_token' supports access tokens only");
  if (client.publicClient) {
    const reason = 'Public client is not allowed to exchange token';
    return refuseGrant(400, 'invalid_client', reason, { error: 'invalid_client', reason });
  }
  const type = requestedType(client, form.get('requested_token_type'));
  if (type === undefined) return badRequest('requested_token_type unsupported');
  return ok({ subjectToken, type, audiences: form.getAll('audience'), scope: form.get('scope') ?? undefined });
}

function requestedType(client: Client, asked: string | null): Requested | undefined {
  switch (asked) {
    case null:
    case tokenTypes.accessToken:
      return tokenTypes.accessToken;
    case tokenTypes.idToken:
      return tokenTypes.idToken;
    case tokenTypes.refreshToken:
      return client.attributes['standard.token.exchange.enableRefreshRequestedTokenType'] === 'SAME_SESSION'
        ? tokenTypes.refreshToken
        : undefined;
    default:
      return undefined;
  }
}

async function exchange(context: IdpContext, grant: GrantRequest, asked: Asked, subject: LiveToken, known: GrantFacts) {
  const { client, realm, issuer } = grant;
  const { state } = context;
  const fail = (description: string, reason = description): Refused =>
    badRequest(description, { ...known, details: known.details ?? {}, reason });

  // The requester must be meant by the token, or be the client that it was issued to.
  if (subject.client.id !== client.id && !audiencesOf({ aud: subject.claims['aud'] }).includes(client.clientId)) {
    const event = { ...known, error: 'not_allowed', reason: 'client is not within the token audience' };
    return refuseGrant(403, 'access_denied', 'Client is not within the token audience', event);
  }
  const targets = findTargets(context, grant, asked.audiences, known);
  if (!targets.ok) return targets;
  if (client.consentRequired) {
    const reason = `Missing consents for Token Exchange in client ${client.clientId}`;
    return refuseGrant(400, 'invalid_scope', reason, { ...known, error: 'consent_denied', reason });
  }
  const withRefresh = asked.type === tokenTypes.refreshToken;
  const scopes = scopesOf(context, client, asked, subject);
  if (!scopes.ok) {
    const reason = `Invalid scopes: ${scopes.refusal.scope}`;
    return refuseGrant(400, 'invalid_scope', reason, { ...known, error: 'invalid_request', reason });
  }
  if (withRefresh && scopes.value.offline) return fail('Scope offline_access not allowed for token exchange');
  const offline = subject.kind === 'of' || subject.kind === 'ft';
  if (withRefresh && (offline || subject.session === undefined)) {
    return fail('Refresh token not valid as requested_token_type because creating a new session is needed');
  }
  const session = sessionFor(context, grant, subject, withRefresh, asked.scope ?? '');
  const request: TokenRequest = {
    realm,
    client,
    user: subject.user,
    issuer,
    session,
    kind: kindFor(subject.kind, session.clients[client.id] !== undefined),
    grant: 'te',
    scopes: scopes.value,
    refresh: withRefresh,
    idToken: asked.type !== tokenTypes.idToken,
    ...(grant.dpopThumbprint === undefined ? {} : { dpopThumbprint: grant.dpopThumbprint }),
  };
  const claims = buildAccessClaims(context, request);
  const available = audiencesOf(claims);
  const missing = asked.audiences.find((audience) => !available.includes(audience));
  if (missing !== undefined) return fail(`Requested audience not available: ${missing}`);
  const wanted = [...asked.audiences, ...(grant.resources ?? [])];
  const narrowed = wanted.length === 0 ? request : { ...request, audiences: wanted };
  if (withRefresh) putClientSession(state, session, client, { scope: asked.scope ?? '' });

  const issued = await issueTokens(context, narrowed, wanted.length === 0 ? claims : narrowClaims(claims, wanted));
  const answer =
    asked.type === tokenTypes.idToken
      ? {
          ...issued.response,
          access_token: await idTokenOf(context, narrowed, issued.accessClaims),
          token_type: 'N_A',
        }
      : issued.response;
  return ok({
    response: { ...answer, issued_token_type: asked.type },
    event: {
      ...known,
      details: {
        ...known.details,
        ...(asked.audiences.length === 0 ? {} : { audience: asked.audiences.join(' ') }),
        token_id: issued.accessTokenId,
        scope: scopes.value.text,
      },
    },
  });
}

function findTargets(
  context: IdpContext,
  { realm }: GrantRequest,
  audiences: readonly string[],
  known: GrantFacts,
): Result<readonly Client[], GrantRefusal> {
  const found: Client[] = [];
  for (const audience of audiences) {
    const target = findClient(context.state, realm.id, audience);
    const refused = (description: string, error: string, reason: string) =>
      refuseGrant(400, 'invalid_client', description, { ...known, error, reason });
    if (target === undefined) return refused('Audience not found', 'client_not_found', 'audience not found');
    if (!target.enabled) return refused('Client disabled', 'client_disabled', 'audience client disabled');
    found.push(target);
  }
  return ok(found);
}

function scopesOf(
  context: IdpContext,
  client: Client,
  asked: Asked,
  subject: LiveToken,
): Result<GrantedScopes, { readonly scope: string }> {
  const granted = grantScopes(
    context.state,
    client,
    asked.scope,
    subject.user,
    effectiveRoles(context.state, subject.user),
  );
  return granted.ok ? granted : refuse(granted.refusal);
}

// Most exchanges make no client session; tokens of a requester that has none in the subject's session say so by their kind.
function kindFor(subject: SessionKind, hasPart: boolean): SessionKind {
  switch (subject) {
    case 'on':
      return hasPart ? 'on' : 'nt';
    case 'of':
      return hasPart ? 'of' : 'ft';
    case 'nt':
    case 'ft':
    case 'tr':
      return subject;
  }
  return subject;
}

function sessionFor(
  context: IdpContext,
  { client, address }: GrantRequest,
  subject: LiveToken,
  withRefresh: boolean,
  scope: string,
) {
  const now = context.state.now();
  if (subject.session !== undefined) {
    if (!withRefresh || subject.session.clients[client.id] !== undefined) return subject.session;
    const part = { started: now, lastAccess: now, scope, notes: {} };
    return { ...subject.session, clients: { ...subject.session.clients, [client.id]: part } };
  }
  return transientSession(context.state, { realmId: client.realmId, userId: subject.user.id, ipAddress: address });
}
