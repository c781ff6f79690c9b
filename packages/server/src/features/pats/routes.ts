import { ok, type Result, refuse } from '@keyturn/protocol';
import type { Answer, Frame } from '../../http/frame.ts';
import type { Done } from '../../http/pass.ts';
import type { Problem } from '../../http/problem.ts';
import { describePat } from './pat.ts';
import { explainPatRefusal, type PatRuleRefusal } from './refusals.ts';
import { adminRevokeSchema, newPatSchema, renamePatSchema, rotatePatSchema } from './request.ts';
import { ownerOf } from './owner.ts';
import { kindsOf, type PatParts } from './parts.ts';
import { revokeAll, revokeFor, revokePat } from './revoke.ts';
import { createPat, type HandedOut, renamePat, rotatePat } from './rules.ts';

const path = '/api/v1/users/tokens';

/** Days that a form may offer; the policy caps them. */
const presets = [7, 30, 60, 90, 365];

/** The token API of seed 000, each user's own tokens, and revocation by administrators. */
export function mountPats(frame: Frame, parts: PatParts, options: { issuer: string; adminRole: string }): void {
  frame.route({
    method: 'POST',
    path,
    body: newPatSchema,
    action: ({ body }) => ({ kind: 'pat.create', target: body.name }),
    handle: async ({ approved, body }) => handOut(await createPat(parts, approved.caller, body), 201),
  });
  frame.route({
    method: 'GET',
    path,
    action: () => ({ kind: 'pat.list' }),
    handle: async ({ approved }) => {
      const owner = ownerOf(approved.caller);
      if (!owner.ok) return refuse(explainPatRefusal(owner.refusal));
      const theirs = await parts.repository.list(owner.value);
      return done({ status: 200, headers: { 'cache-control': 'no-store' }, body: theirs.map(describePat) });
    },
  });
  frame.route({
    method: 'GET',
    path: `${path}/policy`,
    action: () => ({ kind: 'pat.policy.read' }),
    handle: async () => {
      const { policy } = parts;
      return done({
        status: 200,
        body: {
          kinds: kindsOf(parts),
          default_kind: policy.kind,
          default_lifetime: policy.defaultLifetime,
          max_lifetime: policy.maxLifetime,
          presets_days: presets.filter((days) => days * 86_400 <= policy.maxLifetime),
          default_overlap: policy.defaultOverlap,
          max_overlap: policy.maxOverlap,
        },
      });
    },
  });
  frame.route({
    method: 'PATCH',
    path: `${path}/:id`,
    idsHaveShape: true,
    body: renamePatSchema,
    action: ({ params }) => ({ kind: 'pat.rename', target: params['id'] ?? '' }),
    handle: async ({ approved, params, body }) =>
      answer(await renamePat(parts, approved.caller, params['id'] ?? '', body.name), (pat) => ({
        status: 200,
        body: describePat(pat),
      })),
  });
  frame.route({
    method: 'POST',
    path: `${path}/:id/rotate`,
    idsHaveShape: true,
    body: rotatePatSchema,
    action: ({ params }) => ({ kind: 'pat.rotate', target: params['id'] ?? '' }),
    handle: async ({ approved, params, body }) =>
      handOut(await rotatePat(parts, approved.caller, params['id'] ?? '', body.overlap), 200),
  });
  frame.route({
    method: 'DELETE',
    path: `${path}/:id`,
    idsHaveShape: true,
    action: ({ params }) => ({ kind: 'pat.revoke', target: params['id'] ?? '' }),
    handle: async ({ approved, params }) =>
      answer(await revokePat(parts, approved.caller, params['id'] ?? ''), () => ({ status: 204 })),
  });
  frame.route({
    method: 'POST',
    path: `${path}/revoke-all`,
    action: () => ({ kind: 'pat.revoke-all' }),
    handle: async ({ approved }) =>
      answer(await revokeAll(parts, approved.caller), (revoked) => ({ status: 200, body: { revoked } })),
  });
  frame.route({
    method: 'POST',
    path: '/api/v1/tokens/revoke',
    body: adminRevokeSchema,
    action: ({ body }) => ({
      kind: 'pat.revoke-for',
      target: body.user ?? body.client ?? 'everything',
      needsRole: options.adminRole,
    }),
    handle: async ({ approved, body }) =>
      done({ status: 200, body: { revoked: await revokeFor(parts, approved.caller, options.issuer, body) } }),
  });
}

/** The one answer that holds a token's text. */
function handOut(result: Result<HandedOut, PatRuleRefusal>, status: number): Result<Done<Answer>, Problem> {
  return answer(result, ({ pat, token }) => ({
    status,
    headers: { 'cache-control': 'no-store', location: `${path}/${pat.id}` },
    body: { ...describePat(pat), token },
  }));
}

function done(answer: Answer): Result<Done<Answer>, Problem> {
  return ok({ answer, outcome: 'allowed' });
}

function answer<Value>(
  result: Result<Value, PatRuleRefusal>,
  build: (value: Value) => Answer,
): Result<Done<Answer>, Problem> {
  return result.ok ? done(build(result.value)) : refuse(explainPatRefusal(result.refusal));
}
