import { describe, expect, it } from 'vitest';
import { sortEndpoints } from './provider.ts';

const issuer = 'https://id.example/auth/realms/r';
const backchannel = 'http://keycloak.local:8080/auth/realms/r';
const at = { issuer, backchannel, authorizationEndpoint: undefined };
const endpoints = (front: string, back: string) => ({
  issuer,
  authorization_endpoint: `${front}/protocol/openid-connect/auth`,
  end_session_endpoint: `${front}/protocol/openid-connect/logout`,
  token_endpoint: `${back}/protocol/openid-connect/token`,
  userinfo_endpoint: `${back}/protocol/openid-connect/userinfo`,
  jwks_uri: `${back}/protocol/openid-connect/certs`,
  revocation_endpoint: `${front}/protocol/openid-connect/revoke`,
});

describe('front and back channel', () => {
  it.each([
    ['with a dynamic back channel (KC_HOSTNAME_BACKCHANNEL_DYNAMIC)', issuer, backchannel],
    ['without one', issuer, issuer],
    ['where the host follows the request', backchannel, backchannel],
  ])('are kept apart by a Keycloak %s', (_name, front, back) => {
    expect(sortEndpoints(endpoints(front, back), at)).toEqual({
      ok: true,
      value: {
        issuer,
        authorization_endpoint: `${issuer}/protocol/openid-connect/auth`,
        end_session_endpoint: `${issuer}/protocol/openid-connect/logout`,
        token_endpoint: `${backchannel}/protocol/openid-connect/token`,
        userinfo_endpoint: `${backchannel}/protocol/openid-connect/userinfo`,
        jwks_uri: `${backchannel}/protocol/openid-connect/certs`,
        revocation_endpoint: `${backchannel}/protocol/openid-connect/revoke`,
        authorization_response_iss_parameter_supported: true,
        backchannelLogout: `${backchannel}/protocol/openid-connect/logout`,
      },
    });
  });

  it('are not taken from another issuer’s document', () => {
    const document = { ...endpoints(issuer, backchannel), issuer: 'https://evil.example/realms/r' };
    expect(sortEndpoints(document, at)).toMatchObject({ ok: false });
    expect(sortEndpoints({ issuer }, at)).toMatchObject({ ok: false });
  });
});
