import { hash } from 'node:crypto';
import type { JsonObject } from '@keyturn/protocol';
import { canonicalise } from './canonical.ts';

/** Who makes a call, as far as an approval is bound to them. */
export interface DigestedCaller {
  readonly issuer: string;
  /** The value of the identity claim. */
  readonly identity: string;
  readonly subject?: string | undefined;
  readonly client?: string | undefined;
  /** The personal access token that the caller came with: one of the same owner is another caller. */
  readonly pat?: string | undefined;
  /** The person on whose behalf an agent acts. */
  readonly onBehalfOf?: string | undefined;
}

/** Everything that an approval is for. Two calls that differ in any of it have different digests. */
export interface DigestedCall {
  readonly caller: DigestedCaller;
  /** For example `tool.call` or `scale-down`. */
  readonly action: string;
  /** The URI that an agent request names. */
  readonly target?: string | undefined;
  /** The id of the tool, where a tool is called. */
  readonly tool?: string | undefined;
  readonly args?: JsonObject | undefined;
  /** The policies that asked for the approval, as a decision's `policyVersion` has them: `guard@3`. */
  readonly policyVersion: string;
}

/** A digest begins with its version, so that a later rule cannot be mistaken for this one. */
export type Digest = `v1:${string}`;

/** Keeps a hash made here apart from any other hash over the same JSON. */
const domain = 'keyturn/approved-call/v1\n';

/**
 * The digest of a call: SHA-256 in base64url over a domain line and the canonical JSON (RFC 8785) of its members, of
 * which those that are undefined are left out. Throws a `TypeError` on arguments without a canonical form, which
 * `writeCanonical` and `parseJson` refuse before.
 */
export function digestOf({ caller, action, target, tool, args, policyVersion }: DigestedCall): Digest {
  const text = canonicalise({ caller: { ...caller }, action, target, tool, args, policyVersion });
  return `v1:${hash('sha256', domain + text, 'base64url')}`;
}
