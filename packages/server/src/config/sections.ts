import { z } from 'zod';

/**
 * The settings, one object a section. Defaults stand here and nowhere else; the comments become the reference page.
 * Durations are in seconds, sizes in bytes, unless the name says otherwise.
 */

const host = z.string().min(1).describe('Address to listen on. Loopback by default: a wider one is a decision.');
const port = z.int().min(0).max(65_535).describe('0 takes a free port.');
const url = z.url({ protocol: /^https?$/ });
const durationSeconds = z
  .number()
  .positive()
  .max(86_400 * 366);

export const httpSection = z.strictObject({
  host: host.default('127.0.0.1'),
  port: port.default(8040),
  publicUrl: url
    .refine((text) => new URL(text).pathname === '/' && new URL(text).search === '', 'give scheme, host and port only')
    .optional()
    .describe(
      'The URL by which callers reach Keyturn, without a path; the MCP resource is below it. Default: the address it listens on.',
    ),
  bodyLimit: z
    .int()
    .min(1024)
    .max(64 * 1024 * 1024)
    .default(1024 * 1024)
    .describe('Largest request body, in bytes; a longer one is 413.'),
  deadline: durationSeconds.default(30).describe('A request that has no answer by then is given up with 504.'),
  trustedProxies: z
    .array(z.string())
    .default([])
    .describe('Addresses or CIDRs whose X-Forwarded-* headers are believed. None by default.'),
  allowedOrigins: z
    .array(url)
    .default([])
    .describe('Origins of browsers that may call. Requests with another Origin header are 403.'),
});

export const managementSection = z.strictObject({
  host: host.default('127.0.0.1'),
  port: port.default(9000),
});

export const storeSection = z.strictObject({
  url: z
    .string()
    .regex(/^(sqlite:.+|postgres(ql)?:\/\/.+)$/, 'use sqlite:PATH or postgres://…')
    .default('sqlite:.keyturn/keyturn.db')
    .describe('sqlite:PATH for one replica, postgres://… for several.'),
});

export const authSection = z.strictObject({
  issuer: url
    .optional()
    .describe(
      'Compared with the token’s `iss`, character by character. Keycloak writes its canonical host there, never an alias such as identity., login. or auth.',
    ),
  jwksUrl: url
    .optional()
    .describe('Where the keys are fetched. Default: derived (docs/reference/settings.md, “Key address”).'),
  discovery: z
    .boolean()
    .default(false)
    .describe('Read the key address from the issuer’s discovery document; its `issuer` must equal this one.'),
  keycloakUrl: url.optional().describe('Base URL of Keycloak; with `realm` it names the issuer.'),
  backchannelUrl: url
    .optional()
    .describe(
      'Base URL by which Keyturn itself reaches Keycloak (KEYCLOAK_SERVER_URL), such as http://keycloak.local:8080/auth: keys, tokens, userinfo and the admin API come from there, while `issuer` and the browser keep the public name.',
    ),
  realm: z.string().min(1).optional(),
  domain: z
    .string()
    .min(1)
    .optional()
    .describe('The issuer becomes https://keycloak.<domain>/realms/<realm> (seed 002).'),
  releaseName: z
    .string()
    .min(1)
    .optional()
    .describe('Helm release: keys come from http://<release>-akko-keycloak:8080 in the cluster.'),
  audiences: z.array(z.string().min(1)).min(1).describe('A REST caller’s token must have one of these in `aud`.'),
  identityClaim: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The claim that names a caller. Default: `sub`; in the subject lists of `requests` it is `azp`, which counts in a client’s own tokens only.',
    ),
  clockTolerance: z.number().min(0).max(300).default(5).describe('Seconds by which exp, nbf and iat may be off.'),
  adminRole: z.string().min(1).default('keyturn-admin').describe('Who may register and change sources.'),
});

const scope = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'not a scope (RFC 6749 §3.3)');

export const mcpSection = z.strictObject({
  path: z
    .string()
    .regex(/^\/[a-z0-9/_-]*$/)
    .default('/mcp'),
  resource: url
    .optional()
    .describe('This MCP server’s canonical URL, which tokens must have in `aud`. Default: publicUrl + path.'),
  scopes: z
    .array(scope)
    .default([])
    .describe('The least that a caller needs; named in the 401 challenge, and 403 insufficient_scope without.'),
  lean: z
    .boolean()
    .default(true)
    .describe('Answers plain tools/call and tools/list without the official SDK, which judges everything else.'),
  taskAfter: z
    .number()
    .min(0)
    .max(600)
    .default(5)
    .describe(
      'Seconds after which a call becomes a task, for clients that declare the extension io.modelcontextprotocol/tasks.',
    ),
  taskDeadline: durationSeconds.default(600).describe('Seconds after which the call of a task is given up.'),
  taskTtl: durationSeconds
    .default(3600)
    .describe('Seconds for which a task can be fetched after its call has had its time.'),
});

export const exchangeSection = z.strictObject({
  clientId: z
    .string()
    .min(1)
    .optional()
    .describe('The confidential client that exchanges (Keycloak: standard.token.exchange.enabled).'),
  clientSecret: z.string().min(1).optional(),
  tokenEndpoint: url.optional().describe('Default: beside the keys, at the same Keycloak.'),
  cacheTtlBuffer: z
    .number()
    .min(0)
    .max(3600)
    .default(60)
    .describe('Seconds before its expiry at which a cached token is no longer used.'),
  timeout: z.number().positive().max(120).default(10),
  failureThreshold: z
    .int()
    .min(1)
    .default(5)
    .describe('Server faults in a row that open the breaker. Refusals never count.'),
  recoveryTimeout: durationSeconds.default(30).describe('Seconds until one exchange is let through to try again.'),
});

export const toolsSection = z.strictObject({
  allowedHosts: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'Private hosts that sources may live on: "localhost:8000", "10.0.0.0/8", "*.svc.cluster.local". Public ones need no entry.',
    ),
  allowPassthrough: z
    .boolean()
    .default(false)
    .describe('Lets sources that say passthrough: "allowed" get the caller’s own token. REST only.'),
  documentLimit: z
    .int()
    .min(1024)
    .max(20 * 1024 * 1024)
    .default(20 * 1024 * 1024)
    .describe('Bytes of an OpenAPI document, fetched or uploaded.'),
  documentTimeout: durationSeconds
    .default(20)
    .describe('Seconds that reading a document may take, in a thread of its own.'),
  documentMemory: z
    .int()
    .min(64)
    .max(4096)
    .default(512)
    .describe('MiB that reading a document may take; a document that needs more is refused.'),
  withoutAccessPolicy: z
    .enum(['all', 'none'])
    .default('all')
    .describe(
      'What callers see while there is no access policy for tools: `all`, everybody with a valid token sees every tool; `none`, nobody sees any. With the first access policy, only what policies allow is seen.',
    ),
  resyncInterval: z
    .int()
    .min(0)
    .max(86_400 * 30)
    .default(3600)
    .describe('Seconds between two re-syncs of a source that names no sync_interval of its own. 0: only by call.'),
  failureThreshold: z
    .int()
    .min(1)
    .default(5)
    .describe('Faults of an upstream in a row (no connection, no answer, 502, 503, 504) that open its breaker.'),
  recoveryTimeout: durationSeconds
    .default(30)
    .describe('Seconds until one call is let through to an upstream whose breaker is open.'),
  responseLimit: z
    .int()
    .min(1024)
    .max(64 * 1024 * 1024)
    .default(1024 * 1024)
    .describe(
      'Bytes that are read of an upstream’s answer. What is longer is cut there, and the call says so; of an MCP server it is 502, for half a message is none.',
    ),
  timeout: z.number().positive().max(600).default(20).describe('Seconds that an upstream has for its whole answer.'),
  callerScopes: z
    .array(
      z.strictObject({
        tools: z.array(z.string().min(1)).min(1).default(['*']),
        readOnly: z.boolean().optional(),
        scopes: z.array(scope).min(1),
      }),
    )
    .default([])
    .describe(
      'Scopes that a caller’s token must have for some tools: `{ tools: ["pizzeria-backend/*"], readOnly: false, scopes: ["orders:write"] }`. A call without is 403 insufficient_scope, by which a client steps up.',
    ),
  impliedScopes: z
    .record(z.string(), z.array(scope))
    .default({})
    .describe('Scopes that a broad one implies: `{ "orders:all": ["orders:write", "orders:read"] }`.'),
});

export const logSection = z.strictObject({
  level: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});
