import { describe, expect, it } from 'vitest';
import { buildExchangeRequest } from './request.ts';

const client = { tokenEndpoint: 'https://idp.example/token', clientId: 'tools-provider', clientSecret: 's3cret' };
const order = { subjectToken: 'subject', audience: 'pizzeria-backend' };

describe('an exchange request', () => {
  it('asks as seed 003 shows, with the client in the form', () => {
    const request = buildExchangeRequest(client, order);
    expect(request.method).toBe('POST');
    expect(request.url).toBe('https://idp.example/token');
    expect(Object.fromEntries(new URLSearchParams(request.body))).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      client_id: 'tools-provider',
      client_secret: 's3cret',
      subject_token: 'subject',
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      audience: 'pizzeria-backend',
    });
    expect(request.headers['authorization']).toBeUndefined();
  });

  it('encodes both halves of client_secret_basic as a form does, so that a colon in the id divides nothing', () => {
    const basic = {
      ...client,
      clientId: 'a:b c',
      clientSecret: 'p%:ä',
      clientAuthentication: 'client_secret_basic' as const,
    };
    const request = buildExchangeRequest(basic, order);
    const [, encoded = ''] = request.headers['authorization']?.split(' ') ?? [];
    expect(Buffer.from(encoded, 'base64').toString()).toBe('a%3Ab+c:p%25%3A%C3%A4');
    expect(new URLSearchParams(request.body).has('client_secret')).toBe(false);
  });

  it('sends scopes, actor and resource only if given', () => {
    const form = new URLSearchParams(
      buildExchangeRequest(client, {
        ...order,
        scopes: ['a', 'b'],
        actorToken: 'actor',
        resource: 'https://api.example',
      }).body,
    );
    expect(form.get('scope')).toBe('a b');
    expect(form.get('actor_token')).toBe('actor');
    expect(form.get('actor_token_type')).toBe('urn:ietf:params:oauth:token-type:access_token');
    expect(form.get('resource')).toBe('https://api.example');
    expect(new URLSearchParams(buildExchangeRequest(client, { ...order, scopes: [] }).body).has('scope')).toBe(false);
  });

  it('cannot be given a second parameter through a token or an audience', () => {
    const form = new URLSearchParams(
      buildExchangeRequest(client, { subjectToken: 'x&audience=evil', audience: 'a&scope=admin' }).body,
    );
    expect(form.getAll('audience')).toEqual(['a&scope=admin']);
    expect(form.has('scope')).toBe(false);
  });
});
