import { z } from 'zod';
import type { Source, SourceAuth } from './source.ts';

const secret = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[\x21-\x7e]+( [\x21-\x7e]+)*$/, 'a secret is printable ASCII, without spaces at its ends');

/** The member `auth` of a source. A secret is taken and never shown; it is stored sealed with `seal.key`. */
export const authSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('exchange') }),
  z.strictObject({ kind: z.literal('passthrough') }),
  z
    .strictObject({
      kind: z.literal('client-credentials'),
      client_id: z.string().min(1).max(255).optional(),
      token_url: z
        .url({ protocol: /^https?$/ })
        .max(2000)
        .optional(),
      secret: secret.optional(),
    })
    .refine((auth) => auth.token_url === undefined || auth.client_id !== undefined, {
      path: ['client_id'],
      error: 'another token endpoint needs a client of its own',
    }),
  z.strictObject({
    kind: z.literal('api-key'),
    in: z.enum(['header', 'query']).default('header'),
    name: z
      .string()
      .max(100)
      .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, 'not the name of a header or a parameter')
      .refine((name) => !forbiddenNames.has(name.toLowerCase()), 'this header is set by Keyturn or frames the message'),
    prefix: z
      .string()
      .max(50)
      .regex(/^[\x20-\x7e]*$/)
      .default(''),
    secret: secret.optional(),
  }),
  z.strictObject({ kind: z.literal('none') }),
]);
export type AuthBody = z.infer<typeof authSchema>;

/** `authorization` is not among them: a fixed `Bearer …` is what many upstreams call an API key. */
const forbiddenNames: ReadonlySet<string> = new Set([
  'accept',
  'connection',
  'content-length',
  'content-type',
  'cookie',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What is stored of it in the clear. */
export function authOf(body: AuthBody): SourceAuth {
  switch (body.kind) {
    case 'client-credentials':
      return {
        kind: body.kind,
        ...(body.client_id === undefined ? {} : { clientId: body.client_id }),
        ...(body.token_url === undefined ? {} : { tokenUrl: body.token_url }),
      };
    case 'api-key':
      return { kind: body.kind, in: body.in, name: body.name, prefix: body.prefix };
    default:
      return { kind: body.kind };
  }
}

/** What holds where a source says nothing: seed 003, an audience means an exchange, none a passthrough. */
export function effectiveAuth(source: Pick<Source, 'auth' | 'defaultAudience'>): SourceAuth {
  return source.auth ?? { kind: source.defaultAudience === undefined ? 'passthrough' : 'exchange' };
}

/** Whether the kind needs a secret of its own. A client without one is Keyturn's own (`exchange.clientId`). */
export function needsSecret(auth: SourceAuth | undefined): boolean {
  return auth?.kind === 'api-key' || (auth?.kind === 'client-credentials' && auth.clientId !== undefined);
}

/** As the API shows it: whether there is a secret, and never what it is. */
export function describeAuth(
  source: Pick<Source, 'auth' | 'defaultAudience' | 'sealedSecret'>,
): Record<string, unknown> {
  const auth = effectiveAuth(source);
  const hasSecret = needsSecret(auth) ? { secret_set: source.sealedSecret !== undefined } : {};
  switch (auth.kind) {
    case 'client-credentials':
      return { kind: auth.kind, client_id: auth.clientId ?? null, token_url: auth.tokenUrl ?? null, ...hasSecret };
    case 'api-key':
      return { kind: auth.kind, in: auth.in, name: auth.name, prefix: auth.prefix, ...hasSecret };
    default:
      return { kind: auth.kind };
  }
}
