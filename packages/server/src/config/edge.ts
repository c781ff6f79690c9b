import { z } from 'zod';

const words = z.array(z.string().min(1));

/** One rule: the first whose path and methods fit decides what a request needs. */
const routeRule = z.strictObject({
  /** `/api/admin/**`: `*` is one segment, `**` at the end is any number of them. */
  path: z.string().regex(/^\/[\x21-\x7e]*$/, 'a path begins with a slash and is not encoded'),
  methods: z.array(z.string().regex(/^[A-Z]+$/)).optional(),
  /** Lets everybody through, without an identity. */
  public: z.boolean().default(false),
  /** All of these. Client roles as client:role. */
  roles: words.default([]),
  scopes: words.default([]),
  /** All of these, of Keyturn's own roles: `content.publish`, `content.publish@page:7`. */
  permissions: words.default([]),
  /** The upstream is an MCP server: only these methods (`Mcp-Method`), only these tools (`Mcp-Name`); `*` at the end of a name. */
  mcpMethods: words.optional(),
  mcpTools: words.optional(),
  /** The audience of what the upstream gets: reference tokens are swapped for it. Default: edge.audiences[0]. */
  audience: z.string().min(1).optional(),
  /** Exchange every caller's token for that audience, not reference tokens only. */
  exchange: z.boolean().default(false),
});
export type RouteRule = z.infer<typeof routeRule>;

/** Checks for proxies: Envoy ext_authz, nginx auth_request, Traefik, Caddy. The feature is on when this section is present. */
export const edgeSection = z.strictObject({
  audiences: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      'A caller’s token must have one of these in `aud`; reference tokens are swapped for the first. Default: auth.audiences.',
    ),
  routes: z
    .array(routeRule)
    .default([])
    .describe(
      'Rules, the first that fits wins: path, methods, public, roles, scopes, permissions, mcpMethods, mcpTools, audience, exchange. Where there are rules, paths that can be read in two ways are refused.',
    ),
  unmatched: z
    .enum(['authenticated', 'refuse'])
    .default('authenticated')
    .describe('What a request needs that no rule fits.'),
  proxies: z
    .array(z.string().min(1))
    .default(['127.0.0.0/8', '::1'])
    .describe(
      'Addresses of the proxies that may ask. Whoever can ask can swap a reference token for the token behind it.',
    ),
  grpcHost: z.string().min(1).default('127.0.0.1'),
  grpcPort: z.int().min(0).max(65_535).default(9191).describe('envoy.service.auth.v3 over gRPC. 0 takes a free port.'),
});

export type EdgeSettings = z.infer<typeof edgeSection>;
