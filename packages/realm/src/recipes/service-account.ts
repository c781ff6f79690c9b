import { z } from 'zod';
import { audienceMapper, defineRecipe, type Recipe, scopeMappingsFor } from './recipe.ts';

const guide = 'OIDC Authentication with Keycloak';

/** Seed 001: a machine's identity. `agent` and `reviewer` differ in name only; what each may do is the gateway's to say. */
function serviceAccount(name: string, summary: string): Recipe {
  return defineRecipe({
    name,
    summary,
    options: z.strictObject({
      clientId: z.string().min(1),
      /** Left out: Keycloak makes one. */
      secret: z.string().optional(),
      /** What the gateway expects in `aud`. */
      audience: z.string().min(1).default('aip-gateway'),
      /** The claim that names the caller. `azp` is Keycloak's own; any other is added with the client's id as value. */
      identityClaim: z.string().min(1).default('azp'),
      /** Turns full scope off: `aud` is then the audience alone, without `account`. */
      strict: z.boolean().default(false),
      /** With `strict`: roles that tokens may carry, `role` or `client:role`. */
      roles: z.array(z.string().min(1)).default([]),
    }),
    expand({ clientId, secret, audience, identityClaim, strict, roles }) {
      const mappers = [
        audienceMapper(`audience-${audience}`, { custom: audience }),
        ...(identityClaim === 'azp'
          ? []
          : [
              {
                name: `identity-${identityClaim}`,
                protocol: 'openid-connect',
                protocolMapper: 'oidc-hardcoded-claim-mapper',
                config: {
                  'claim.name': identityClaim,
                  'claim.value': clientId,
                  'jsonType.label': 'String',
                  'access.token.claim': 'true',
                  'id.token.claim': 'false',
                },
              },
            ]),
      ];
      return [
        {
          replaces: `${guide}, step 2: create the client ${clientId}`,
          gives: {
            clients: [
              {
                clientId,
                enabled: true,
                publicClient: false,
                serviceAccountsEnabled: true,
                standardFlowEnabled: false,
                directAccessGrantsEnabled: false,
                clientAuthenticatorType: 'client-secret',
                ...(secret === undefined ? {} : { secret }),
                ...(strict ? { fullScopeAllowed: false } : {}),
              },
            ],
            ...(strict ? scopeMappingsFor(clientId, roles) : {}),
          },
        },
        {
          replaces: `${guide}, step 2: add the audience mapper`,
          why: 'id.token.claim is "false" where the guide has "true": with it an ID token would pass the gateway’s audience check.',
          gives: { clients: [{ clientId, protocolMappers: mappers }] },
        },
      ];
    },
  });
}

export const agent = serviceAccount('agent', 'A service account that asks the gateway for actions.');
export const reviewer = serviceAccount('reviewer', 'A service account that approves or denies what agents ask for.');
