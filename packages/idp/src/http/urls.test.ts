import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { startTestIdp, type TestIdpOptions } from '../testing/index.ts';

type Document = Readonly<Record<string, string>>;

async function discovery(options: TestIdpOptions, headers: Readonly<Record<string, string>> = {}): Promise<Document> {
  await using idp = await startTestIdp({}, options);
  const url = new URL(`${idp.url}/realms/master/.well-known/openid-configuration`);
  return await new Promise<Document>((resolve, reject) => {
    const sent = request(url, { headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
      answer.on('end', () => resolve(JSON.parse(text) as Document));
    });
    sent.on('error', reject).end();
  });
}

describe('the issuer', () => {
  it('follows the request’s host when no host name is set', async () => {
    const document = await discovery({}, { host: 'keycloak.svc:8080' });
    expect(document['issuer']).toBe('http://keycloak.svc:8080/realms/master');
  });

  it('is the host name when that is set, whoever asks', async () => {
    const document = await discovery({ hostname: 'https://id.example.com/auth' }, { host: 'internal:1' });
    expect(document['issuer']).toBe('https://id.example.com/auth/realms/master');
    expect(document['token_endpoint']).toMatch(/^https:\/\/id\.example\.com\/auth\//);
  });

  it('keeps scheme and port of the request when only a bare host name is set', async () => {
    const document = await discovery({ hostname: 'id.example.com' }, { host: 'internal:8080' });
    expect(document['issuer']).toBe('http://id.example.com:8080/realms/master');
  });

  it('has the relative path', async () => {
    const document = await discovery({ httpRelativePath: 'auth/' });
    expect(document['issuer']).toMatch(/\/auth\/realms\/master$/);
  });
});

describe('a dynamic back channel', () => {
  const options = { hostname: 'https://id.example.com', hostnameBackchannelDynamic: true } as const;

  it('lets services use the address they came by, and browsers the public one', async () => {
    const document = await discovery(options, { host: 'keycloak.svc:8080' });
    expect(document).toMatchObject({
      issuer: 'https://id.example.com/realms/master',
      authorization_endpoint: 'https://id.example.com/realms/master/protocol/openid-connect/auth',
      token_endpoint: 'http://keycloak.svc:8080/realms/master/protocol/openid-connect/token',
      jwks_uri: 'http://keycloak.svc:8080/realms/master/protocol/openid-connect/certs',
    });
  });

  it.each([
    [undefined, 'hostname-backchannel-dynamic must be set to false when no hostname is provided'],
    ['id.example.com', 'hostname-backchannel-dynamic must be set to false if hostname is not provided as full URL'],
  ])('does not start with the host name %s, in Keycloak’s words', async (hostname, message) => {
    const given = hostname === undefined ? {} : { hostname };
    await expect(startTestIdp({}, { ...given, hostnameBackchannelDynamic: true })).rejects.toThrow(message);
  });
});

describe('forwarded headers', () => {
  const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'id.example.com', 'x-forwarded-port': '443' };

  it('are believed from a trusted peer', async () => {
    const document = await discovery({ proxyHeaders: 'xforwarded' }, headers);
    expect(document['issuer']).toBe('https://id.example.com/realms/master');
  });

  it('are not believed from any other, nor in the other form', async () => {
    const stranger = await discovery({ proxyHeaders: 'xforwarded', proxyTrustedAddresses: ['10.0.0.0/8'] }, headers);
    expect(stranger['issuer']).toMatch(/^http:\/\/127\.0\.0\.1:/);
    const otherForm = await discovery({ proxyHeaders: 'forwarded' }, headers);
    expect(otherForm['issuer']).toMatch(/^http:\/\/127\.0\.0\.1:/);
  });

  it('of RFC 7239 are read by their last hop', async () => {
    const forwarded = 'for=6.6.6.6;host=evil.example, for="[2001:db8::1]:4711";proto=https;host=id.example.com';
    const document = await discovery({ proxyHeaders: 'forwarded' }, { forwarded });
    expect(document['issuer']).toBe('https://id.example.com/realms/master');
  });

  it('must name a host', async () => {
    const document = await discovery({ proxyHeaders: 'xforwarded' }, { 'x-forwarded-host': 'a/../b' });
    expect(document['issuer']).toMatch(/^http:\/\/127\.0\.0\.1:/);
  });
});
