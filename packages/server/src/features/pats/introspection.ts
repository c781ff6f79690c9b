import { hash, timingSafeEqual } from 'node:crypto';
import { type Principal, ok, type Result } from '@keyturn/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Bearer } from '../../http/bearer.ts';
import type { Caller } from '../../http/caller.ts';
import type { Frame } from '../../http/frame.ts';
import { type House, pass } from '../../http/pass.ts';

export interface IntrospectionParts {
  /** Clients that may ask with HTTP Basic, and their secrets. */
  readonly clients: Readonly<Record<string, string>>;
  readonly role: string;
  readonly adminRole: string;
  /** Judges the token that is asked about; `audience` is the asking client's, for reference tokens. */
  readonly judge: (
    token: Bearer,
    audience: string | undefined,
  ) => Promise<Result<Caller, { readonly unavailable: boolean }>>;
}

/**
 * POST /oauth2/introspect (RFC 7662), for services that cannot follow the stream of revocations. A token is active if it is
 * genuine, alive and not revoked, personal access tokens by the table. A reference token is described by its owner's rights
 * now. While this replica cannot tell, it answers 503 and never `active: false`.
 */
export function mountIntrospection(frame: Frame, house: House, parts: IntrospectionParts): void {
  void frame.app.register((app, _options, done) => {
    app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, parsed) =>
      parsed(null, body),
    );
    app.post('/oauth2/introspect', async (request, reply) => {
      void reply.header('cache-control', 'no-store');
      const asker = await whoAsks(request, frame, house, parts);
      if (asker === undefined) return unauthorized(reply);
      const form = new URLSearchParams(typeof request.body === 'string' ? request.body : '');
      const [token, ...others] = form.getAll('token');
      if (token === undefined || others.length > 0) {
        return reply.code(400).send({ error: 'invalid_request', error_description: 'One parameter “token” is needed' });
      }
      const judged = await parts.judge(new Bearer(token), asker.audience);
      if (judged.ok) return describe(judged.value);
      if (!judged.refusal.unavailable) return { active: false };
      return reply
        .code(503)
        .header('retry-after', '2')
        .send({ error: 'temporarily_unavailable', error_description: 'Tokens cannot be checked now' });
    });
    done();
  });
}

function unauthorized(reply: FastifyReply): FastifyReply {
  return reply
    .code(401)
    .header('www-authenticate', 'Basic realm="keyturn"')
    .send({ error: 'invalid_client', error_description: 'Authenticate with HTTP Basic or a bearer token' });
}

/** A configured client, or a caller with the role. RFC 7662 §2.1. */
async function whoAsks(
  request: FastifyRequest,
  frame: Frame,
  house: House,
  parts: IntrospectionParts,
): Promise<{ readonly audience: string | undefined } | undefined> {
  const basic = /^basic +([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (basic !== undefined) {
    // The first colon ends the id (RFC 7617 §2): a secret may have more.
    const [, ...halves] = /^([^:]*):(.*)$/s.exec(Buffer.from(basic, 'base64').toString('utf8')) ?? [];
    const [id = '', secret = ''] = halves.map(formDecoded);
    const wanted = Object.hasOwn(parts.clients, id) ? parts.clients[id] : undefined;
    // Compared even for unknown clients, so that time tells nothing of which exist.
    const same = timingSafeEqual(hash('sha256', secret, 'buffer'), hash('sha256', wanted ?? '', 'buffer'));
    return same && wanted !== undefined ? { audience: id } : undefined;
  }
  const caller = await frame.authenticate(request, 'rest');
  if (!caller.ok) return undefined;
  const needsRole = caller.value.roles.includes(parts.adminRole) ? parts.adminRole : parts.role;
  const call = { caller: caller.value, action: { kind: 'token.introspect.read', needsRole }, requestId: request.id };
  const passed = await pass(house, call, async () => ok({ answer: undefined, outcome: 'allowed' } as const));
  return passed.ok ? { audience: caller.value.principal.client } : undefined;
}

/** RFC 6749 §2.3.1: both halves are form-encoded. */
function formDecoded(text: string): string {
  return new URLSearchParams(`v=${text.replaceAll('&', '%26')}`).get('v') ?? '';
}

function describe({ principal, pat }: Caller): Record<string, unknown> {
  return {
    ...shown(principal),
    active: true,
    token_type: 'Bearer',
    iss: principal.issuer,
    exp: principal.expiresAt,
    aud: principal.audiences,
    scope: principal.scopes.join(' '),
    ...(principal.subject === undefined ? {} : { sub: principal.subject }),
    ...(principal.client === undefined ? {} : { client_id: principal.client }),
    ...(pat === undefined ? {} : { pat: pat.id }),
  };
}

function shown({ claims }: Principal): Record<string, unknown> {
  const { iat, nbf, jti, sid, preferred_username: username, realm_access: realm, resource_access: clients } = claims;
  const members = { iat, nbf, jti, sid, username, realm_access: realm, resource_access: clients };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
