import type { SafetyDecision, SafetyPolicy } from '@keyturn/policy';
import type { JsonObject } from '@keyturn/protocol';
import type { PolicyVersion, StoredPolicy } from './repository.ts';

/** A policy as Kubernetes would show it: the version is `metadata.generation`. */
export function describePolicy({ policy, version, createdAt, updatedAt, updatedBy }: StoredPolicy): JsonObject {
  return {
    ...withGeneration(policy, version, createdAt),
    status: { updatedAt: new Date(updatedAt).toISOString(), updatedBy },
  };
}

export function describeVersion({ version, policy, createdAt, createdBy }: PolicyVersion): JsonObject {
  return {
    version,
    createdAt: new Date(createdAt).toISOString(),
    createdBy,
    ...(policy === undefined ? { deleted: true } : { policy: withGeneration(policy, version, createdAt) }),
  };
}

function withGeneration(
  { apiVersion, kind, metadata, spec }: SafetyPolicy,
  version: number,
  createdAt: number,
): JsonObject {
  const { name, labels, annotations } = metadata;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      generation: version,
      creationTimestamp: new Date(createdAt).toISOString(),
    },
    spec: JSON.parse(JSON.stringify(spec)),
  };
}

/** A decision as an explanation shows it. */
export function describeDecision(decision: SafetyDecision): JsonObject {
  return {
    effect: decision.effect,
    reason: decision.reason,
    policy_version: decision.policyVersion,
    ...(decision.effect === 'needs-second-key' ? { rule: decision.rule, approvals: { ...decision.approvals } } : {}),
    rules: decision.matched.map(({ policy, version, rule, type, action, observed, outcome, why, message, values }) => ({
      policy,
      version,
      rule,
      type,
      action,
      observed,
      outcome,
      why,
      ...(message === undefined ? {} : { message }),
      ...(values === undefined ? {} : { values }),
    })),
  };
}
