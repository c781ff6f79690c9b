import type { SafetyEngine } from '@keyturn/policy';
import { ok, type Result, refuse } from '@keyturn/protocol';
import { z } from 'zod';
import { changerOf } from '../../http/audit-actor.ts';
import type { Answer, Frame, Passage } from '../../http/frame.ts';
import type { Done } from '../../http/pass.ts';
import type { Problem } from '../../http/problem.ts';
import { describePolicy, describeVersion } from './describe.ts';
import { readPolicy, writeYaml } from './document.ts';
import type { PolicyKeeper } from './keeper.ts';
import { explainPolicyRefusal, type PolicyRefusal } from './refusals.ts';
import type { PolicyRepository, Saving } from './repository.ts';

const modeSchema = z.strictObject({ mode: z.enum(['Enforce', 'Observe', 'Disabled']) });
const namePattern = /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/;

export interface PolicyRouteParts {
  readonly repository: PolicyRepository;
  readonly keeper: PolicyKeeper;
  readonly engine: SafetyEngine;
  readonly adminRole: string;
}

/**
 * Policies under /api/v1/policies, whole objects in JSON or YAML (`application/yaml`, also in answers where it is
 * accepted). An `If-Match` with the version that was read keeps two authors from undoing each other; DELETE minds it too.
 */
export function mountPolicies(
  frame: Frame,
  { repository, keeper, engine, adminRole: needsRole }: PolicyRouteParts,
): void {
  const path = '/api/v1/policies';

  const save = async (passage: Passage<unknown>, as: Saving['as']): Promise<Result<Done<Answer>, Problem>> => {
    const read = readPolicy(passage.body);
    if (!read.ok) return refused({ why: 'bad-document', faults: read.refusal });
    const policy = read.value;
    const named = passage.params['name'];
    if (named !== undefined && named !== policy.metadata.name) {
      return refused({ why: 'other-name', path: named, body: policy.metadata.name });
    }
    const compiled = engine.compile(policy, 0);
    if (!compiled.ok) return refused({ why: 'bad-policy', faults: compiled.refusal });
    const saved = await repository.save(policy, { as, expected: versionOf(passage) }, changerOf(passage));
    if (!saved.ok) return refused(saved.refusal);
    await keeper.reload();
    const { created } = saved.value;
    return done(passage, created ? 201 : 200, describePolicy(saved.value), {
      etag: `"${saved.value.version}"`,
      ...(created ? { location: `${path}/${policy.metadata.name}` } : {}),
    });
  };

  frame.route({
    method: 'POST',
    path,
    body: z.unknown(),
    action: ({ body }) => ({ kind: 'policy.create', ...nameOf(body), needsRole }),
    handle: (passage) => save(passage, 'create'),
  });
  frame.route({
    method: 'PUT',
    path: `${path}/:name`,
    body: z.unknown(),
    action: ({ params }) => ({ kind: 'policy.apply', ...safeName(params['name']), needsRole }),
    handle: (passage) => save(passage, 'apply'),
  });
  frame.route({
    method: 'GET',
    path,
    action: () => ({ kind: 'policy.list', needsRole }),
    handle: async (passage) => {
      const items = (await repository.all()).map(describePolicy);
      return done(passage, 200, { apiVersion: 'keyturn.dev/v1alpha1', kind: 'SafetyPolicyList', metadata: {}, items });
    },
  });
  frame.route({
    method: 'GET',
    path: `${path}/:name`,
    action: ({ params }) => ({ kind: 'policy.read', ...safeName(params['name']), needsRole }),
    handle: async (passage) => {
      const found = await repository.byName(passage.params['name'] ?? '');
      if (found === undefined) return refused({ why: 'unknown-policy' });
      return done(passage, 200, describePolicy(found), { etag: `"${found.version}"` });
    },
  });
  frame.route({
    method: 'GET',
    path: `${path}/:name/versions`,
    action: ({ params }) => ({ kind: 'policy.read', ...safeName(params['name']), needsRole }),
    handle: async (passage) => {
      const versions = await repository.versions(passage.params['name'] ?? '');
      if (versions.length === 0) return refused({ why: 'unknown-policy' });
      return done(passage, 200, { items: versions.map(describeVersion) });
    },
  });
  frame.route({
    method: 'PATCH',
    path: `${path}/:name`,
    body: modeSchema,
    action: ({ params }) => ({ kind: 'policy.change', ...safeName(params['name']), needsRole }),
    handle: async (passage) => {
      const found = await repository.byName(passage.params['name'] ?? '');
      if (found === undefined) return refused({ why: 'unknown-policy' });
      const policy = { ...found.policy, spec: { ...found.policy.spec, mode: passage.body.mode } };
      // Somebody else's change in between must not be undone by this one.
      const given = versionOf(passage);
      const expected = given === undefined || given === 'any' ? found.version : given;
      const saved = await repository.save(policy, { as: 'replace', expected }, changerOf(passage));
      if (!saved.ok) return refused(saved.refusal);
      await keeper.reload();
      return done(passage, 200, describePolicy(saved.value), { etag: `"${saved.value.version}"` });
    },
  });
  frame.route({
    method: 'DELETE',
    path: `${path}/:name`,
    action: ({ params }) => ({ kind: 'policy.remove', ...safeName(params['name']), needsRole }),
    handle: async (passage) => {
      const removed = await repository.remove(passage.params['name'] ?? '', versionOf(passage), changerOf(passage));
      if (!removed.ok) return refused(removed.refusal);
      await keeper.reload();
      return ok({ answer: { status: 204 }, outcome: 'allowed' });
    },
  });
}

/**
 * The version that `If-Match` asks for, where it does. `*` is whichever there is (RFC 9110 §13.1.1); what no policy has ever
 * had as its tag is a version that none can be at, and not a condition to pass over.
 */
function versionOf({ headers }: Passage<unknown>): Saving['expected'] {
  const given = headers['if-match'];
  if (given === undefined) return undefined;
  if (given.trim() === '*') return 'any';
  const [, version] = /^"?(\d{1,15})"?$/.exec(given.trim()) ?? [];
  return version === undefined ? 'none' : Number(version);
}

/** Only what has the form of a name is written down: a path may hold anything, even a token. */
export function safeName(name: string | undefined): { target?: string } {
  return name !== undefined && namePattern.test(name) ? { target: name } : {};
}

function nameOf(body: unknown): { target?: string } {
  const parsed = z.object({ metadata: z.object({ name: z.string() }) }).safeParse(body);
  return parsed.success ? safeName(parsed.data.metadata.name) : {};
}

function refused(refusal: PolicyRefusal): Result<never, Problem> {
  return refuse(explainPolicyRefusal(refusal));
}

function done(
  { headers: asked }: Passage<unknown>,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Result<Done<Answer>, Problem> {
  const isYaml = /\byaml\b/.test(asked['accept'] ?? '');
  const answer: Answer = isYaml
    ? { status, body: writeYaml(body), headers: { ...headers, 'content-type': 'application/yaml; charset=utf-8' } }
    : { status, body, headers };
  return ok({ answer, outcome: 'allowed' });
}
