import { epochMilliseconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { answer, fakeJwt, tokenAnswer } from './fake-endpoint.ts';
import { isServerFault } from './refusal.ts';
import { readExchangeResponse } from './response.ts';

const now = epochMilliseconds(1_700_000_000_000);
const read = (response: ReturnType<typeof answer>, secrets: string[] = []) =>
  readExchangeResponse(response, { now, secrets });
const refusalOf = (response: ReturnType<typeof answer>, secrets: string[] = []) => {
  const result = read(response, secrets);
  if (result.ok) throw new Error('it was accepted');
  return result.refusal;
};

describe('a good answer', () => {
  it('gives the token, its scopes and its end', () => {
    expect(read(tokenAnswer('abc', { scope: 'profile email' }))).toEqual({
      ok: true,
      value: { token: 'abc', scopes: ['profile', 'email'], expiresAt: 1_700_000_300 },
    });
  });

  it.each([
    ['the token ends before expires_in', 1_700_000_100, 300, 1_700_000_100],
    ['expires_in ends before the token', 1_700_000_900, 300, 1_700_000_300],
    ['expires_in is missing', 1_700_000_900, undefined, 1_700_000_900],
    ['expires_in is text that is no number', 1_700_000_900, 'soon', 1_700_000_900],
    ['expires_in is huge', 1_700_000_900, 1e300, 1_700_000_900],
  ])('ends at the earlier of exp and expires_in: %s', (_case, exp, expiresIn, end) => {
    expect(read(tokenAnswer(fakeJwt({ exp }), { expires_in: expiresIn }))).toMatchObject({ value: { expiresAt: end } });
  });

  it.each([
    ['digits in a string', '300', 1_700_000_300],
    ['missing', undefined, undefined],
    ['null', null, undefined],
    ['negative', -5, 1_699_999_995],
    ['a list', [300], undefined],
  ])('of an opaque token with expires_in %s', (_case, expiresIn, end) => {
    expect(read(tokenAnswer('opaque', { expires_in: expiresIn }))).toMatchObject({ value: { expiresAt: end } });
  });

  it('may say token_type in any case and leave issued_token_type out', () => {
    expect(read(tokenAnswer('abc', { token_type: 'bearer', issued_token_type: undefined })).ok).toBe(true);
  });
});

describe('an odd answer', () => {
  it.each([
    ['HTML', answer(200, '<html>Login</html>', { 'content-type': 'text/html' }), 'not a JSON object (text/html)'],
    ['nothing', answer(200, ''), 'not a JSON object (no content type)'],
    ['a JSON list', answer(200, []), 'not a JSON object (no content type)'],
    ['no token', answer(200, { token_type: 'Bearer' }), 'no access_token'],
    ['a token that is a number', tokenAnswer('x', { access_token: 5 }), 'no access_token'],
    ['an ID token (token_type N_A)', tokenAnswer('abc', { token_type: 'N_A' }), 'token_type "N_A", not Bearer'],
    ['a token type that needs a proof', tokenAnswer('abc', { token_type: 'DPoP' }), 'token_type "DPoP", not Bearer'],
    ['no token type', tokenAnswer('abc', { token_type: undefined }), 'token_type missing, not Bearer'],
    [
      'a refresh token',
      tokenAnswer('abc', { issued_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }),
      'issued_token_type "[removed]", not an access token',
    ],
    ['a redirect', answer(307, ''), 'a redirect, which is not followed with a secret in hand'],
    ['201', answer(201, { access_token: 'abc' }), 'JSON without an OAuth error code'],
  ])('%s is a bad answer and a fault of the server', (_case, response, detail) => {
    const refusal = refusalOf(response);
    expect(refusal).toMatchObject({ why: 'bad-answer' });
    expect(refusal.why === 'bad-answer' && refusal.detail).toContain(detail.split('[removed]')[0]);
    expect(isServerFault(refusal)).toBe(true);
  });

  it('with a line break in the token is refused, for it would become a header', () => {
    expect(refusalOf(tokenAnswer('abc\r\nX-Admin: yes'))).toMatchObject({ why: 'bad-answer' });
  });

  it.each([400, 401, 403, 404])('%i without JSON is not counted against the server', (status) => {
    expect(isServerFault(refusalOf(answer(status, '<html>')))).toBe(false);
  });
});

describe('a refusal', () => {
  it('has the code and the words of the server', () => {
    const said = { error: 'access_denied', error_description: 'Client is not within the token audience' };
    const refusal = refusalOf(answer(403, said));
    expect(refusal).toEqual({ why: 'refused', status: 403, error: said.error, description: said.error_description });
    expect(isServerFault(refusal)).toBe(false);
  });

  it('is one even with status 200', () => {
    expect(refusalOf(answer(200, { error: 'invalid_grant' }))).toMatchObject({
      why: 'refused',
      status: 200,
      description: '',
    });
  });

  it('never repeats a token or a secret that the server echoes', () => {
    const subject = fakeJwt({ sub: 'johndoe', exp: 1 });
    const said = { error: 'x', error_description: `bad ${subject} with s3cret and ${'q'.repeat(50)}\u0000\n!` };
    const text = JSON.stringify(refusalOf(answer(400, said), [subject, 's3cret']));
    expect(text).not.toContain(subject.slice(0, 20));
    expect(text).not.toContain('s3cret');
    expect(text).not.toContain('qqqqq');
    expect(text).toContain('bad [removed] with [removed] and [removed]');
  });

  it('is cut when it is long', () => {
    const refusal = refusalOf(answer(400, { error: 'x', error_description: 'no '.repeat(5000) }));
    expect(JSON.stringify(refusal).length).toBeLessThan(500);
  });
});

describe('a server in trouble', () => {
  it.each([500, 502, 503])('%i is unreachable and counted', (status) => {
    const refusal = refusalOf(answer(status, { error: 'server_error' }));
    expect(refusal).toMatchObject({ why: 'unreachable', status });
    expect(isServerFault(refusal)).toBe(true);
  });

  it.each([
    ['7', 7],
    [new Date(now + 9000).toUTCString(), 9],
    ['99999999', 3600],
    ['soon', undefined],
    [undefined, undefined],
  ])('429 is not counted; Retry-After %s is %s seconds', (value, expected) => {
    const refusal = refusalOf(answer(429, '', value === undefined ? {} : { 'retry-after': value }));
    expect(refusal).toMatchObject({ why: 'unreachable', status: 429, retryAfter: expected });
    expect(isServerFault(refusal)).toBe(false);
  });
});
