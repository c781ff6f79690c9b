import type { JsonObject } from '@keyturn/protocol';
import type { ProviderName } from '../src/providers.ts';
import { testKey } from './keys.ts';
import { signToken } from './sign.ts';
import { now } from './vector.ts';

/** A token as a provider writes it, the settings that accept it, and who calls by them. */
export interface ProviderVector {
  readonly name: string;
  readonly provider: ProviderName;
  readonly issuer: string;
  readonly audience: string;
  readonly token: string;
  readonly identity: string;
  readonly serviceAccount: boolean;
}

interface Sample {
  readonly name: string;
  readonly provider: ProviderName;
  readonly issuer: string;
  readonly audience: string;
  readonly claims: JsonObject;
  readonly header?: JsonObject;
  readonly identity: string;
  readonly serviceAccount: boolean;
}

const tenant = '72f988bf-86f1-41af-91ab-2d7cd011db47';
const app = '00001111-aaaa-2222-bbbb-3333cccc4444';
const user = '3f1b8a52-0d1e-4d4c-9a53-7f6a1f0f2b77';
const times = { iat: now - 10, nbf: now - 10, exp: now + 300 };

const samples: readonly Sample[] = [
  {
    name: 'a service account of Keycloak',
    provider: 'keycloak',
    issuer: 'http://keycloak.keycloak.svc.cluster.local:8080/realms/aip',
    audience: 'aip-gateway',
    claims: {
      jti: 'trrtcc:7f3b1c1e-7f0e-4a35-9df6-0f2e1c8f3c11',
      aud: ['aip-gateway', 'account'],
      sub: user,
      typ: 'Bearer',
      azp: 'aip-agent-1',
      client_id: 'aip-agent-1',
      scope: 'profile email',
    },
    identity: 'aip-agent-1',
    serviceAccount: true,
  },
  {
    name: 'a person through a client of Keycloak',
    provider: 'keycloak',
    issuer: 'http://keycloak.keycloak.svc.cluster.local:8080/realms/aip',
    audience: 'aip-gateway',
    claims: {
      jti: 'onrtac:7f3b1c1e-7f0e-4a35-9df6-0f2e1c8f3c11',
      aud: 'aip-gateway',
      sub: user,
      typ: 'Bearer',
      azp: 'aip-agent-1',
      sid: 'Qx3v8nJ0uYtq1c9bRk2mWz5e',
    },
    identity: user,
    serviceAccount: false,
  },
  {
    name: 'a service app of Okta',
    provider: 'okta',
    issuer: 'https://your-org.okta.com/oauth2/default',
    audience: 'api://aip-gateway',
    claims: {
      ver: 1,
      jti: 'AT.x',
      aud: 'api://aip-gateway',
      sub: '0oa1b2c3d4e5f6g7h8i9',
      cid: '0oa1b2c3d4e5f6g7h8i9',
      scp: ['requests.write'],
    },
    header: { typ: undefined },
    identity: '0oa1b2c3d4e5f6g7h8i9',
    serviceAccount: true,
  },
  {
    name: 'a person of Okta',
    provider: 'okta',
    issuer: 'https://your-org.okta.com/oauth2/default',
    audience: 'api://aip-gateway',
    claims: {
      ver: 1,
      jti: 'AT.y',
      aud: 'api://aip-gateway',
      sub: 'ada@example.com',
      cid: '0oa1b2c3d4e5f6g7h8i9',
      uid: '00u1',
      scp: ['openid'],
    },
    identity: 'ada@example.com',
    serviceAccount: false,
  },
  {
    name: 'a machine-to-machine application of Auth0',
    provider: 'auth0',
    issuer: 'https://your-tenant.auth0.com/',
    audience: 'https://aip-gateway.your-org.com',
    claims: {
      aud: 'https://aip-gateway.your-org.com',
      sub: 'YOUR_CLIENT_ID@clients',
      azp: 'YOUR_CLIENT_ID',
      gty: 'client-credentials',
      scope: 'requests:write',
    },
    identity: 'YOUR_CLIENT_ID@clients',
    serviceAccount: true,
  },
  {
    name: 'an application of Entra, v1',
    provider: 'entra',
    issuer: `https://sts.windows.net/${tenant}/`,
    audience: `api://${app}`,
    claims: {
      aud: `api://${app}`,
      appid: app,
      appidacr: '1',
      idtyp: 'app',
      oid: user,
      sub: user,
      tid: tenant,
      ver: '1.0',
      roles: ['Requests.Write'],
    },
    header: { x5t: 'nOo3ZDrODXEK1jKWhXslHR_KXEg' },
    identity: app,
    serviceAccount: true,
  },
  {
    name: 'an application of Entra, v2',
    provider: 'entra',
    issuer: `https://login.microsoftonline.com/${tenant}/v2.0`,
    audience: app,
    claims: {
      aud: app,
      azp: app,
      azpacr: '1',
      idtyp: 'app',
      oid: user,
      sub: user,
      tid: tenant,
      ver: '2.0',
      roles: ['Requests.Write'],
    },
    identity: app,
    serviceAccount: true,
  },
  {
    name: 'a person of Entra, v2',
    provider: 'entra',
    issuer: `https://login.microsoftonline.com/${tenant}/v2.0`,
    audience: app,
    claims: {
      aud: app,
      azp: app,
      azpacr: '1',
      oid: user,
      sub: 'AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ',
      scp: 'Requests.Write',
      tid: tenant,
      ver: '2.0',
    },
    identity: 'AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ',
    serviceAccount: false,
  },
  {
    name: 'a client of PingOne',
    provider: 'ping',
    issuer: 'https://auth.pingone.com/6f1b8a52-0d1e-4d4c-9a53-7f6a1f0f2b77/as',
    audience: 'https://gateway.example.com',
    claims: { aud: ['https://gateway.example.com'], client_id: app, scope: 'requests', env: '6f1b8a52' },
    identity: app,
    serviceAccount: true,
  },
  {
    name: 'a service account of Google',
    provider: 'google',
    issuer: 'https://accounts.google.com',
    audience: 'https://gateway.example.com',
    claims: {
      aud: 'https://gateway.example.com',
      azp: 'agent@project.iam.gserviceaccount.com',
      email: 'agent@project.iam.gserviceaccount.com',
      email_verified: true,
      sub: '112010400000000710080',
    },
    identity: 'agent@project.iam.gserviceaccount.com',
    serviceAccount: true,
  },
];

export function providerVectors(): readonly ProviderVector[] {
  const key = testKey('rs256');
  return samples.map(({ claims, header, ...sample }) => ({
    ...sample,
    token: signToken(
      'RS256',
      key,
      { alg: 'RS256', typ: 'JWT', kid: key.kid, ...header },
      { iss: sample.issuer, ...times, ...claims },
    ),
  }));
}
