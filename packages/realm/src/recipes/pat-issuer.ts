import { z } from 'zod';
import { audienceMapper, defineRecipe, exchangingClient, scopeMappingsFor } from './recipe.ts';

const guide = 'Keycloak PAT Issuer Setup';
const year = 31_536_000;
/** Keycloak's own ssoSessionMaxLifespan: below it a token needs nothing of the realm. */
const defaultSsoMax = 36_000;

/** Seed 000: the client that turns a person's token into a personal access token. */
export const patIssuer = defineRecipe({
  name: 'pat-issuer',
  summary: 'A client that exchanges a user’s token for a long-lived personal access token.',
  needs: '26.2',
  options: z.strictObject({
    /** The issuing client. */
    clientId: z.string().min(1).default('volundr-pat-issuer'),
    /** Its secret. Left out: Keycloak makes one. */
    secret: z.string().optional(),
    /** The client that personal access tokens are for. Made if it is not there. */
    audience: z.string().min(1).default('volundr-api'),
    /** Clients whose users may make tokens. They must exist. */
    clients: z.array(z.string().min(1)).default(['volundr-web', 'volundr-cli']),
    /** Roles that a token may carry, `role` or `client:role`: full scope is off, else a token opens the admin API. */
    roles: z.array(z.string().min(1)).default([]),
    /** Seconds that a token lives. With `kind: reference` not used. */
    lifetime: z.coerce.number().int().positive().default(year),
    /** `jwt`: the token itself lives long. `reference`: Keyturn keeps an offline grant and nothing of the realm is raised. */
    kind: z.enum(['jwt', 'reference']).default('jwt'),
  }),
  expand({ clientId, secret, audience, clients, roles, lifetime, kind }) {
    const long = kind === 'jwt';
    return [
      {
        replaces: `${guide}, steps 1 and 2: features and the client`,
        why: 'Standard Token Exchange needs the client’s own switch; the features token-exchange and admin-fine-grained-authz, a service account and manage-users were for V1. Full scope is off, because with it a PAT of an administrator opens Keycloak’s admin API.',
        gives: {
          clients: [exchangingClient(clientId, secret, long ? { 'access.token.lifespan': `${lifetime}` } : {})],
          ...scopeMappingsFor(clientId, roles),
        },
      },
      {
        replaces: `${guide}, step 3: the audience mapper`,
        gives: {
          clients: [{ clientId, protocolMappers: [audienceMapper(`${audience}-audience`, { client: audience })] }],
        },
      },
      { replaces: `${guide}, step 3: the client named by the mapper`, gives: { clients: [{ clientId: audience }] } },
      ...(long && lifetime > defaultSsoMax
        ? [
            {
              replaces: `${guide}, step 4: SSO Session Max`,
              why: `A token lives no longer than the realm’s SSO session maximum, less the age of the login. Client session maximum and idle time are not needed, and Keycloak refuses the latter.`,
              gives: { ssoSessionMaxLifespan: lifetime },
            },
          ]
        : []),
      {
        replaces: `${guide}, step 5: the audience mapper on the web and CLI clients`,
        gives: {},
        extends: clients.map((client) => ({
          clientId: client,
          protocolMappers: [audienceMapper('pat-issuer-audience', { client: clientId })],
        })),
      },
    ];
  },
});
