import type { Document } from './documents.ts';

/** A role of a realm, or of one client if `clientUuid` is there. It is composite when it includes others. */
export interface Role extends Document {
  readonly name: string;
  readonly description?: string;
  /** The internal id of the client that the role belongs to; absent for a realm role. */
  readonly clientUuid?: string;
  readonly attributes: Attributes;
  /** Ids of the roles that this one includes. Cycles are allowed, as in Keycloak. */
  readonly compositeIds: readonly string[];
}

/** Attributes of users, groups and roles: each name has a list of values. */
export type Attributes = Readonly<Record<string, readonly string[]>>;
