import { z } from 'zod';
import { confidentialClient, defineRecipe } from './recipe.ts';

const guide = 'Keycloak — Centralized Identity & Access Management';

/** Seed 004: the confidential client through which people log in, with their groups in the token. */
export const loginClient = defineRecipe({
  name: 'login-client',
  summary: 'A confidential client for people’s logins, with groups in the token and back-channel logout.',
  options: z.strictObject({
    clientId: z.string().min(1).default('myclient'),
    secret: z.string().optional(),
    redirectUris: z.array(z.string().min(1)).min(1),
    /** Default: the origins of the redirect URIs (`+`). */
    webOrigins: z.array(z.string().min(1)).default(['+']),
    /** Where a browser may go after logout. Default: the redirect URIs (`+`). */
    postLogoutRedirectUris: z.array(z.string().min(1)).default(['+']),
    /** Where Keycloak tells the service that a session has ended. Default: Keyturn's own, if a redirect URI is Keyturn's. */
    backchannelLogoutUrl: z.url().optional(),
    groupsClaim: z.string().min(1).default('groups'),
    /** `/parent/child` instead of `child`. Default false, as in the guide. */
    fullPath: z.boolean().default(false),
  }),
  expand({
    clientId,
    secret,
    redirectUris,
    webOrigins,
    postLogoutRedirectUris,
    backchannelLogoutUrl,
    groupsClaim,
    fullPath,
  }) {
    const logoutUrl = backchannelLogoutUrl ?? keyturnLogoutUrl(redirectUris);
    return [
      {
        replaces: `${guide}, Confidential Client with Backchannel Separation`,
        why: 'The separation itself is the server’s: --hostname with a full URL and --hostname-backchannel-dynamic=true. keyturn doctor checks both.',
        gives: {
          clients: [
            {
              ...confidentialClient(clientId, secret),
              standardFlowEnabled: true,
              implicitFlowEnabled: false,
              directAccessGrantsEnabled: false,
              redirectUris,
              webOrigins,
              frontchannelLogout: false,
              attributes: {
                'post.logout.redirect.uris': postLogoutRedirectUris.join('##'),
                ...(logoutUrl === undefined
                  ? {}
                  : { 'backchannel.logout.url': logoutUrl, 'backchannel.logout.session.required': 'true' }),
              },
            },
          ],
        },
      },
      {
        replaces: `${guide}, Authorization Flow: the custom group membership protocol mapper`,
        gives: {
          clients: [
            {
              clientId,
              protocolMappers: [
                {
                  name: 'groups',
                  protocol: 'openid-connect',
                  protocolMapper: 'oidc-group-membership-mapper',
                  config: {
                    'claim.name': groupsClaim,
                    'full.path': `${fullPath}`,
                    'id.token.claim': 'true',
                    'access.token.claim': 'true',
                    'userinfo.token.claim': 'true',
                  },
                },
              ],
            },
          ],
        },
      },
    ];
  },
});

/** Keyturn takes logins back at /login/callback, and hears of logouts at /backchannel-logout. */
function keyturnLogoutUrl(redirectUris: readonly string[]): string | undefined {
  const end = '/login/callback';
  const callback = redirectUris.find((uri) => URL.canParse(uri) && new URL(uri).pathname === end);
  return callback === undefined ? undefined : `${new URL(callback).origin}/backchannel-logout`;
}
