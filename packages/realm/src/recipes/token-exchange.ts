import { z } from 'zod';
import { audienceMapper, defineRecipe, exchangingClient, scopeMappingsFor } from './recipe.ts';

const guide = 'Keycloak Token Exchange Configuration Guide';

const upstream = z.union([
  z.string().min(1),
  z.strictObject({
    /** The client that stands for the upstream service. Made if it is not there. */
    audience: z.string().min(1),
    /** The client scope that makes it available. Default `<audience without -backend>-audience`. */
    scope: z.string().min(1).optional(),
    /** Only when the exchange asks for the scope by name. Default false. */
    optional: z.boolean().default(false),
  }),
]);

/** Seed 003: a client that turns an agent's token into one for an upstream service. */
export const tokenExchange = defineRecipe({
  name: 'token-exchange',
  summary: 'A client that exchanges an agent’s token for one that is meant for a single upstream service.',
  needs: '26.2',
  options: z.strictObject({
    /** The requester. */
    clientId: z.string().min(1).default('tools-provider-token-exchange'),
    secret: z.string().optional(),
    /** Clients whose tokens are exchanged. They must exist. */
    subjects: z.array(z.string().min(1)).default(['tools-provider-frontend']),
    upstreams: z.array(upstream).min(1),
    /** Roles that exchanged tokens may carry, `role` or `client:role`. */
    roles: z.array(z.string().min(1)).default([]),
  }),
  expand({ clientId, secret, subjects, upstreams, roles }) {
    const targets = upstreams.map((one) => (typeof one === 'string' ? { audience: one, optional: false } : one));
    return [
      {
        replaces: `${guide}, step 2: create the token exchange client`,
        why: 'The switch is standard.token.exchange.enabled; the attribute in the guide’s realm export has no effect. A service account is not needed. Full scope is off: the roles list says what exchanged tokens may carry.',
        gives: {
          clients: [exchangingClient(clientId, secret)],
          ...scopeMappingsFor(clientId, roles),
        },
      },
      ...targets.flatMap(({ audience, optional, ...rest }) => {
        const scope = ('scope' in rest ? rest.scope : undefined) ?? `${audience.replace(/-backend$/, '')}-audience`;
        return [
          {
            replaces: `${guide}, step 3a: the upstream service client ${audience}`,
            why: 'Steps 3b and 3d have no effect in Keycloak 26.2+: the target needs no switch and no mapper of its own.',
            gives: { clients: [{ clientId: audience }] },
          },
          {
            replaces: `${guide}, step 3c: the audience client scope`,
            gives: {
              clientScopes: [
                {
                  name: scope,
                  description: `Client scope to allow token exchange to ${audience}`,
                  protocol: 'openid-connect',
                  protocolMappers: [audienceMapper(`${audience}-audience`, { client: audience })],
                },
              ],
              clients: [{ clientId, [optional ? 'optionalClientScopes' : 'defaultClientScopes']: [scope] }],
            },
          },
        ];
      }),
      {
        replaces: `${guide}, step 4: the requester in the subject token’s audience`,
        gives: {},
        extends: subjects.map((subject) => ({
          clientId: subject,
          protocolMappers: [audienceMapper('audience-token-exchange', { client: clientId })],
        })),
      },
    ];
  },
});
