import { grantTypes, tokenTypes } from '@keyturn/protocol';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestIdp, type TestIdp } from '../../testing/index.ts';

let idp: TestIdp;
let subject: string;

const exchanger = { client_id: 'exchanger', client_secret: 'x' };

beforeAll(async () => {
  idp = await startTestIdp({
    tools: {
      clients: {
        web: { passwordGrant: true, audiences: ['exchanger', 'lonely'] },
        other: { passwordGrant: true },
        exchanger: { secret: 'x', exchange: true, audiences: ['pizzeria', 'second', 'not-a-client'] },
        lonely: { secret: 'l', exchange: true },
        plain: { secret: 'p' },
        pizzeria: { secret: 'z', exchange: true, roles: ['cook'] },
        second: { secret: 'y' },
        third: { secret: 't', exchange: true },
        unrelated: { secret: 'u' },
        open: { exchange: true, passwordGrant: true },
      },
      users: { johndoe: { password: 'pw', clientRoles: { pizzeria: ['cook'] } } },
    },
    elsewhere: { clients: { web: { passwordGrant: true } }, users: { johndoe: { password: 'pw' } } },
  });
  subject = await password('tools', 'web');
});
afterAll(async () => {
  await idp.close();
});

async function password(realm: string, client: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
  return await idp.token(realm, {
    grant_type: 'password',
    client_id: client,
    username: 'johndoe',
    password: 'pw',
    ...more,
  });
}

function exchange(more: Readonly<Record<string, string>>, without: readonly string[] = []) {
  const form: Record<string, string> = {
    grant_type: grantTypes.tokenExchange,
    ...exchanger,
    subject_token: subject,
    subject_token_type: tokenTypes.accessToken,
    ...more,
  };
  for (const name of without) delete form[name];
  return idp.tokenAnswer('tools', form);
}

function claims(answer: { readonly body: Readonly<Record<string, unknown>> }): Readonly<Record<string, unknown>> {
  return decodeJwt(String(answer.body['access_token']));
}

describe('an exchange by the Standard V2 rules', () => {
  it('gives the requester a token of the same user and session for one audience, with that client’s roles alone', async () => {
    const answer = await exchange({ audience: 'pizzeria' });
    expect(answer).toMatchObject({
      status: 200,
      body: { refresh_expires_in: 0, token_type: 'Bearer', issued_token_type: tokenTypes.accessToken },
    });
    expect(answer.body).not.toHaveProperty('refresh_token');
    const [before, after] = [decodeJwt(subject), claims(answer)];
    expect(after).toMatchObject({
      aud: 'pizzeria',
      azp: 'exchanger',
      sub: before.sub,
      sid: before['sid'],
      resource_access: { pizzeria: { roles: ['cook'] } },
    });
    expect(after['jti']).toMatch(/^ntrtte:/);
    expect(after['realm_access']).toEqual(before['realm_access']);
  });

  it('leaves the audience as the requester would have it when none is asked for', async () => {
    expect(claims(await exchange({}))['aud']).toEqual(
      expect.arrayContaining(['pizzeria', 'second', 'not-a-client', 'account']),
    );
  });

  it.each([
    [
      'the switch is off',
      { client_id: 'plain', client_secret: 'p' },
      400,
      'invalid_request',
      'Standard token exchange is not enabled for the requested client',
    ],
    [
      'the client is public',
      { client_id: 'open' },
      400,
      'invalid_client',
      'Public client is not allowed to exchange token',
    ],
    [
      'the requester is not meant by the token',
      { client_id: 'third', client_secret: 't' },
      403,
      'access_denied',
      'Client is not within the token audience',
    ],
    [
      'the audience is not available',
      { audience: 'unrelated' },
      400,
      'invalid_request',
      'Requested audience not available: unrelated',
    ],
    [
      'the audience is the requester',
      { audience: 'exchanger' },
      400,
      'invalid_request',
      'Requested audience not available: exchanger',
    ],
    ['the audience is unknown', { audience: 'nobody' }, 400, 'invalid_client', 'Audience not found'],
    [
      'the audience is a text that is no client',
      { audience: 'not-a-client' },
      400,
      'invalid_client',
      'Audience not found',
    ],
    [
      'the secret is wrong',
      { client_secret: 'wrong' },
      401,
      'unauthorized_client',
      'Invalid client or Invalid client credentials',
    ],
    ['the subject token is garbage', { subject_token: 'x.y.z' }, 400, 'invalid_request', 'Invalid token'],
    [
      'the subject type is an ID token',
      { subject_token_type: tokenTypes.idToken },
      400,
      'invalid_request',
      "Parameter 'subject_token' supports access tokens only",
    ],
    [
      'a refresh token is requested',
      { requested_token_type: tokenTypes.refreshToken },
      400,
      'invalid_request',
      'requested_token_type unsupported',
    ],
    [
      'a JWT is requested',
      { requested_token_type: tokenTypes.jwt },
      400,
      'invalid_request',
      'requested_token_type unsupported',
    ],
    ['a scope is unknown', { scope: 'read:menu' }, 400, 'invalid_scope', 'Invalid scopes: read:menu'],
    [
      'impersonation is asked for',
      { requested_subject: 'admin' },
      400,
      'invalid_request',
      "Parameter 'requested_subject' is not supported for standard token exchange",
    ],
  ])('is refused when %s', async (_when, more, status, error, description) => {
    expect(await exchange(more)).toEqual({ status, body: { error, error_description: description } });
  });

  it.each(['subject_token', 'subject_token_type'])('is refused without %s', async (name) => {
    const answer = await exchange({}, [name]);
    expect(answer.body['error_description']).toBe(`Parameter '${name}' required for standard token exchange`);
  });

  it('takes no token of another realm, no ID token and no refresh token', async () => {
    const foreign = await password('elsewhere', 'web');
    const form = { grant_type: 'password', client_id: 'web', username: 'johndoe', password: 'pw', scope: 'openid' };
    const { body } = await idp.tokenAnswer('tools', form);
    for (const token of [foreign, body['id_token'], body['refresh_token']]) {
      const answer = await exchange({ subject_token: String(token) });
      expect([answer.status, answer.body['error_description']]).toEqual([400, 'Invalid token']);
    }
  });

  it('can be carried on by the audience, and by no third client', async () => {
    const first = await exchange({ audience: 'pizzeria' });
    const token = { subject_token: String(first.body['access_token']) };
    expect((await exchange({ ...token, client_id: 'pizzeria', client_secret: 'z' })).status).toBe(200);
    expect((await exchange({ ...token, client_id: 'third', client_secret: 't' })).status).toBe(403);
  });

  it('gives an ID token in access_token when that is requested', async () => {
    const answer = await exchange({ requested_token_type: tokenTypes.idToken });
    expect(answer.body).toMatchObject({ token_type: 'N_A', issued_token_type: tokenTypes.idToken });
    expect(claims(answer)).toMatchObject({ typ: 'ID', azp: 'exchanger' });
  });

  it('dies with the session that it came from', async () => {
    const login = { grant_type: 'password', client_id: 'web', username: 'johndoe', password: 'pw' };
    const { body } = await idp.tokenAnswer('tools', login);
    const exchanged = await exchange({ subject_token: String(body['access_token']), audience: 'pizzeria' });
    const introspect = async (): Promise<unknown> => {
      const answer = await fetch(`${idp.issuer('tools')}/protocol/openid-connect/token/introspect`, {
        method: 'POST',
        body: new URLSearchParams({
          token: String(exchanged.body['access_token']),
          client_id: 'pizzeria',
          client_secret: 'z',
        }),
      });
      return ((await answer.json()) as { active: unknown }).active;
    };
    expect(await introspect()).toBe(true);
    await fetch(`${idp.issuer('tools')}/protocol/openid-connect/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ token: String(body['refresh_token']), client_id: 'web' }),
    });
    expect(await introspect()).toBe(false);
  });
});
