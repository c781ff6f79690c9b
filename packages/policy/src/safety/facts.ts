import type { EpochMilliseconds, Json, JsonObject } from '@keyturn/protocol';
import { type Cel, createCel } from './cel.ts';

/** A call or a request of an agent, as policies judge it. Plain JSON, so that it can be kept and judged again. */
export interface SafetyInput {
  readonly principal: PrincipalInput;
  /** `request.spec`: `agentIdentity`, `action`, `target`, `reason` and whatever else an agent request says. */
  readonly spec: JsonObject;
  /** `request.metadata`. */
  readonly metadata?: JsonObject;
  readonly target?: JsonObject | undefined;
  readonly tool?: ToolInput | undefined;
  readonly args?: JsonObject | undefined;
  readonly now: EpochMilliseconds;
}

export interface PrincipalInput {
  readonly issuer: string;
  readonly identity: string;
  readonly subject?: string | undefined;
  readonly client?: string | undefined;
  readonly serviceAccount: boolean;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly claims?: JsonObject | undefined;
  /** The id of the personal access token. */
  readonly pat?: string | undefined;
  /** The person on whose behalf an agent acts. */
  readonly onBehalfOf?: string | undefined;
}

export interface ToolInput {
  /** `source/operation`. */
  readonly id: string;
  readonly source: string;
  /** The operation's id. */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly tags: readonly string[];
  readonly readOnly: boolean;
}

class PrincipalFacts {
  readonly claims: JsonObject;

  constructor({ claims = {}, ...facts }: PrincipalInput) {
    this.claims = claims;
    Object.assign(this, facts);
  }
}

class SpecFacts {
  readonly action: Json | undefined;

  /** Only what has a type: a member that nobody knows cannot be read by an expression either. */
  constructor(spec: JsonObject) {
    this.action = spec['action'];
    const known: Record<string, Json> = {};
    for (const name in spec) {
      const value = Object.hasOwn(specFields, name) ? spec[name] : undefined;
      if (value !== undefined) known[name] = value;
    }
    Object.assign(this, known);
  }
}

class RequestFacts {
  readonly kind = 'AgentRequest';
  readonly metadata: JsonObject;
  readonly spec: SpecFacts;

  constructor({ spec, metadata = {} }: SafetyInput) {
    this.metadata = metadata;
    this.spec = new SpecFacts(spec);
  }
}

const specFields = {
  agentIdentity: 'string',
  action: 'string',
  target: 'dyn',
  targetURI: 'string',
  reason: 'string',
  mode: 'string',
  classification: 'string',
  correlationID: 'string',
  dedupKey: 'string',
  priority: 'dyn',
  parameters: 'dyn',
  executionMode: 'string',
  scopeBounds: 'dyn',
  cascadeModel: 'dyn',
  reasoningTrace: 'dyn',
} as const;

/**
 * The variables of policies, by the types they are checked with: `request` (the shape of seed 001), `target` (null
 * without one), `principal`, `tool` (null where no tool is called), `args` (empty without any) and `now`.
 */
export function createPolicyCel(): Cel {
  return createCel({
    types: [
      { name: 'Principal', make: PrincipalFacts, fields: principalFields },
      { name: 'AgentRequestSpec', make: SpecFacts, fields: specFields },
      {
        name: 'AgentRequest',
        make: RequestFacts,
        fields: { kind: 'string', metadata: 'dyn', spec: 'AgentRequestSpec' },
      },
    ],
    variables: {
      request: 'AgentRequest',
      target: 'dyn',
      principal: 'Principal',
      tool: 'dyn',
      args: 'dyn',
      now: 'google.protobuf.Timestamp',
    },
    members: { tool: new Set(['id', 'source', 'name', 'method', 'path', 'tags', 'readOnly']) },
  });
}

const principalFields = {
  issuer: 'string',
  identity: 'string',
  subject: 'string',
  client: 'string',
  serviceAccount: 'bool',
  roles: 'list<string>',
  scopes: 'list<string>',
  claims: 'dyn',
  pat: 'string',
  onBehalfOf: 'string',
};

export type Facts = Readonly<Record<'request' | 'target' | 'principal' | 'tool' | 'args' | 'now', unknown>>;

export function buildFacts(input: SafetyInput): Facts {
  return {
    request: new RequestFacts(input),
    target: input.target ?? null,
    principal: new PrincipalFacts(input.principal),
    tool: input.tool ?? null,
    args: input.args ?? {},
    now: new Date(input.now),
  };
}

/** Longer texts and larger values are cut in explanations. */
const maxShown = 200;

/** The values of what an expression reads, for whoever has to understand an outcome. Variables of loops have none. */
export function valuesOf(reads: readonly (readonly string[])[], facts: Facts): JsonObject {
  const values: Record<string, Json> = {};
  const known = new Map<string, unknown>(Object.entries(facts));
  for (const [root = '', ...members] of reads) {
    if (!known.has(root)) continue;
    let value = known.get(root);
    for (const member of members) {
      value =
        typeof value === 'object' && value !== null && Object.hasOwn(value, member)
          ? Reflect.get(value, member)
          : undefined;
    }
    values[[root, ...members].join('.')] = shown(value);
  }
  return values;
}

function shown(value: unknown): Json {
  if (value === undefined) return '(not there)';
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'boolean' || typeof value === 'number' || value === null) return value;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > maxShown ? `${text.slice(0, maxShown)}…` : text;
}
