import { z } from 'zod';
import { audienceMapper, defineRecipe, type RecipePart } from './recipe.ts';

const guide = 'MCP authorization';
const registrationPolicy = 'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy';

const options = z.strictObject({
  /** The MCP server's URL: what its tokens have in `aud` (MCP forbids tokens that are meant for another). */
  url: z.url(),
  /** The client scope that carries the audience. */
  scope: z.string().min(1).default('mcp'),
  /** Further scopes that clients may ask for: `mcp:tools`. */
  scopes: z.array(z.string().min(1)).default([]),
  /** Clients that may call the MCP server. They must exist. */
  clients: z.array(z.string().min(1)).default([]),
  /** How clients that nobody made come to be. `dcr`: RFC 7591 from trusted hosts. `cimd`: a URL as client id (Keycloak's experimental feature `cimd`). */
  registration: z.enum(['none', 'dcr', 'cimd']).default('none'),
  /** With `dcr` and `cimd`: the hosts or domains that named clients come from. */
  trustedHosts: z.array(z.string().min(1)).default([]),
});
type Options = z.infer<typeof options>;

/** An MCP server's place in the realm: its audience, its scopes, and who may register for it. */
export const mcp = defineRecipe<Options>({
  name: 'mcp',
  summary: 'The audience and scopes of an MCP server, and who may register clients for it.',
  options: options.refine((one) => one.registration === 'none' || one.trustedHosts.length > 0, {
    error: 'registration needs trustedHosts: without them either nobody or everybody could register',
    path: ['trustedHosts'],
  }) as z.ZodType<Options>,
  expand({ url, scope, scopes, clients, registration, trustedHosts }) {
    return [
      {
        replaces: `${guide}: tokens are bound to the server by audience`,
        why: 'Keycloak does not honour the parameter resource (RFC 8707) by default, so the audience comes with a client scope.',
        gives: {
          clientScopes: [
            {
              name: scope,
              description: `Puts ${url} into the audience`,
              protocol: 'openid-connect',
              attributes: { 'include.in.token.scope': 'false' },
              protocolMappers: [audienceMapper(`${scope}-audience`, { custom: url })],
            },
          ],
        },
      },
      ...scopes.map(
        (name): RecipePart => ({
          replaces: `${guide}: the scope ${name}`,
          gives: {
            clientScopes: [{ name, protocol: 'openid-connect', attributes: { 'include.in.token.scope': 'true' } }],
          },
        }),
      ),
      {
        replaces: `${guide}: clients that may call the server`,
        gives: {},
        extends: clients.map((clientId) => ({ clientId, defaultClientScopes: [scope], optionalClientScopes: scopes })),
      },
      ...registrationParts(registration, scope, scopes, trustedHosts),
    ];
  },
});

function registrationParts(
  kind: Options['registration'],
  scope: string,
  scopes: readonly string[],
  trustedHosts: readonly string[],
): readonly RecipePart[] {
  if (kind === 'none') return [];
  const scopesOfNewClients: RecipePart = {
    replaces: `${guide}: the scopes of a client that registers itself`,
    gives: { defaultDefaultClientScopes: [scope], defaultOptionalClientScopes: scopes },
  };
  if (kind === 'dcr') {
    return [
      scopesOfNewClients,
      {
        replaces: `${guide}: dynamic client registration from named hosts`,
        gives: {
          components: {
            [registrationPolicy]: [
              {
                name: 'Trusted Hosts',
                subType: 'anonymous',
                providerId: 'trusted-hosts',
                config: {
                  'trusted-hosts': trustedHosts,
                  'host-sending-registration-request-must-match': ['false'],
                  'client-uris-must-match': ['true'],
                },
              },
            ],
          },
        },
      },
    ];
  }
  return [
    scopesOfNewClients,
    {
      replaces: `${guide}: client id metadata documents from named domains`,
      why: 'Needs a Keycloak that was started with --features=cimd (experimental since 26.6).',
      gives: {
        clientProfiles: {
          profiles: [
            {
              name: 'keyturn-mcp-cimd',
              description: 'Clients whose id is the URL of their metadata',
              executors: [
                {
                  executor: 'client-id-metadata-document',
                  configuration: {
                    'cimd-allow-http-scheme': false,
                    'cimd-allow-permitted-domains': trustedHosts,
                    'cimd-restrict-same-domain': true,
                  },
                },
              ],
            },
          ],
        },
        clientPolicies: {
          policies: [
            {
              name: 'keyturn-mcp-cimd',
              enabled: true,
              conditions: [
                {
                  condition: 'client-id-uri',
                  configuration: {
                    'client-id-uri-scheme': ['https'],
                    'client-id-uri-allow-permitted-domains': trustedHosts,
                  },
                },
              ],
              profiles: ['keyturn-mcp-cimd'],
            },
          ],
        },
      },
    },
  ];
}
