import { describe, expect, it } from 'vitest';
import { clientFromDocument, isMetadataUrl, isTrustedHost } from './document.ts';

const url = 'https://app.example.com/client.json';
const document = { client_id: url, client_name: 'App', redirect_uris: ['https://app.example.com/cb'] };

describe('a client id that is an address', () => {
  it.each([
    ['http://app.example.com/client.json', 'no https'],
    ['https://app.example.com', 'no path'],
    ['https://app.example.com/', 'no path'],
    ['https://APP.example.com/client.json', 'another spelling'],
    ['https://app.example.com:443/client.json', 'another spelling'],
    ['https://app.example.com/a/../client.json', 'another spelling'],
    ['https://app.example.com/client.json#x', 'a fragment'],
    ['https://user@app.example.com/client.json', 'credentials'],
    ['my-client', 'a name'],
  ])('is not %s (%s)', (text) => {
    expect(isMetadataUrl(text)).toBe(false);
  });

  it('is trusted by its whole host or by the domain above it, and by nobody if none is named', () => {
    expect(isTrustedHost('app.example.com', ['*.example.com'])).toBe(true);
    expect(isTrustedHost('app.example.com', ['app.example.com'])).toBe(true);
    expect(isTrustedHost('evilexample.com', ['*.example.com'])).toBe(false);
    expect(isTrustedHost('app.example.com', [''])).toBe(false);
  });
});

describe('a client metadata document', () => {
  it('makes a public client that asks for consent and proves its code', () => {
    expect(clientFromDocument(url, document)).toMatchObject({
      ok: true,
      value: {
        clientId: url,
        publicClient: true,
        consentRequired: true,
        fullScopeAllowed: false,
        serviceAccountsEnabled: false,
        attributes: { 'pkce.code.challenge.method': 'S256' },
      },
    });
  });

  it('may lead back to the machine of the user, but to no other host', () => {
    const native = { ...document, redirect_uris: ['http://127.0.0.1:33418/cb'] };
    expect(clientFromDocument(url, native).ok).toBe(true);
    for (const uri of [
      'https://evil.example/cb',
      'https://app.example.com.evil.example/cb',
      'http://app.example.com/cb',
      'javascript:alert(1)',
    ]) {
      expect(clientFromDocument(url, { ...document, redirect_uris: [uri] })).toMatchObject({
        refusal: { why: 'foreign-redirect-uri', uri },
      });
    }
  });

  it('must name itself, and cannot hold a secret', () => {
    expect(clientFromDocument(url, { ...document, client_id: 'https://other.example.com/x' })).toMatchObject({
      refusal: { why: 'wrong-client-id' },
    });
    expect(clientFromDocument(url, { ...document, token_endpoint_auth_method: 'client_secret_basic' })).toMatchObject({
      refusal: { why: 'secret' },
    });
  });
});
