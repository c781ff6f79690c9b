import type { Document } from './documents.ts';
import type { Attributes } from './role.ts';

/** A group; its place in the tree is given by `parentId`. */
export interface Group extends Document {
  readonly name: string;
  readonly description?: string;
  readonly parentId?: string;
  readonly attributes: Attributes;
  readonly roleIds: readonly string[];
}

/** A person, or the account of a service if `serviceAccountClientUuid` is there. */
export interface User extends Document {
  /** Always in lower case. Unique in the realm. */
  readonly username: string;
  /** In lower case. Unique in the realm unless `duplicateEmailsAllowed`. */
  readonly email?: string;
  readonly emailVerified: boolean;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly enabled: boolean;
  /** Milliseconds since the epoch, as Keycloak's `createdTimestamp`. */
  readonly createdTimestamp: number;
  readonly attributes: Attributes;
  readonly requiredActions: readonly string[];
  readonly credentials: readonly Credential[];
  /** Roles mapped directly; roles by group and composite come on top. */
  readonly roleIds: readonly string[];
  readonly groupIds: readonly string[];
  /** Tokens issued before this second are stale; 0: none. */
  readonly notBefore: number;
  readonly serviceAccountClientUuid?: string;
  readonly consents: readonly Consent[];
  readonly federatedIdentities: readonly FederatedIdentity[];
}

/** A password, hashed. `hash` is a PHC string (`$argon2id$…` or `$scrypt$…`). */
export interface Credential {
  readonly id: string;
  readonly type: 'password';
  readonly userLabel?: string;
  readonly createdDate: number;
  readonly hash: string;
}

/** What the user granted to a client that asks for consent. */
export interface Consent {
  readonly clientUuid: string;
  readonly scopeIds: readonly string[];
  readonly createdDate: number;
  readonly lastUpdatedDate: number;
}

export interface FederatedIdentity {
  readonly identityProvider: string;
  readonly userId: string;
  readonly userName: string;
}

/** Brute-force state of one user; `id` is the user's id. Times are milliseconds, `failedLoginNotBefore` seconds. */
export interface LoginFailure extends Document {
  readonly numFailures: number;
  readonly numTemporaryLockouts: number;
  readonly lastFailure: number;
  readonly lastIPFailure: string;
  readonly failedLoginNotBefore: number;
}
