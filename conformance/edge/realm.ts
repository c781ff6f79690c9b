import type { RealmRepresentation } from '@keyturn/realm';
import { audienceMapper, clientOf, userOf } from '../parts/realm-parts.ts';

const year = 31_536_000;

const client = (clientId: string, more: object, audiences: readonly string[] = []) =>
  clientOf(clientId, { protocolMappers: audiences.map((name) => audienceMapper(name)), ...more });

/**
 * The seed's realm as its recipe should be: the issuing client without full scope and with the exchange switch of Standard
 * V2, a client for the code flow, and one that exchanges. Users’ passwords are their names. `publicUrl` is Keyturn's.
 */
export function seedRealm(realm: string, publicUrls: readonly string[]): RealmRepresentation {
  const exchanges = { attributes: { 'standard.token.exchange.enabled': 'true' }, fullScopeAllowed: false };
  return {
    realm,
    enabled: true,
    sslRequired: 'none',
    ssoSessionMaxLifespan: year,
    roles: { realm: ['keyturn-admin', 'chef'].map((name) => ({ name })) },
    clients: [
      client('web', { publicClient: true, secret: undefined, directAccessGrantsEnabled: true }, [
        'volundr-api',
        'volundr-pat-issuer',
        'keyturn-exchange',
      ]),
      client('elsewhere', { publicClient: true, secret: undefined, directAccessGrantsEnabled: true }),
      client('one-second', {
        publicClient: true,
        secret: undefined,
        directAccessGrantsEnabled: true,
        attributes: { 'access.token.lifespan': '1' },
        protocolMappers: [audienceMapper('volundr-api')],
      }),
      client(
        'volundr-pat-issuer',
        {
          ...exchanges,
          serviceAccountsEnabled: true,
          attributes: { ...exchanges.attributes, 'access.token.lifespan': String(year) },
        },
        ['volundr-api'],
      ),
      client(
        'keyturn-login',
        {
          standardFlowEnabled: true,
          redirectUris: publicUrls.map((url) => `${url}/login/callback`),
          attributes: {
            'backchannel.logout.url': `${publicUrls[0] ?? ''}/backchannel-logout`,
            'backchannel.logout.session.required': 'true',
          },
        },
        ['volundr-api', 'keyturn-exchange'],
      ),
      client(
        'keyturn-cli',
        {
          publicClient: true,
          secret: undefined,
          standardFlowEnabled: true,
          redirectUris: ['http://127.0.0.1/callback', 'http://127.0.0.1:*'],
          attributes: { 'oauth2.device.authorization.grant.enabled': 'true' },
        },
        ['volundr-api', 'volundr-pat-issuer', 'keyturn-exchange'],
      ),
      client('keyturn-exchange', { ...exchanges, serviceAccountsEnabled: true }, ['volundr-api', 'pizzeria-backend']),
      client('keyturn-reader', { serviceAccountsEnabled: true }),
      client('volundr-api', {}),
      client('pizzeria-backend', {}),
    ],
    scopeMappings: [
      { client: 'keyturn-exchange', roles: ['chef'] },
      { client: 'volundr-pat-issuer', roles: ['chef'] },
    ],
    users: [
      userOf(realm, 'john', { roles: ['chef'] }),
      userOf(realm, 'jane'),
      userOf(realm, 'admin', { roles: ['keyturn-admin'] }),
      {
        username: 'service-account-keyturn-reader',
        enabled: true,
        serviceAccountClientId: 'keyturn-reader',
        clientRoles: { 'realm-management': ['view-users'] },
      },
    ],
  };
}
