import type { EpochMilliseconds, EpochSeconds, PatId } from '@keyturn/protocol';
import type { PatLimits } from '../../http/caller.ts';
import type { Pat, PatAtDoor, PatKind } from './pat.ts';
import type { OwnerRow, PatRow } from './tables.ts';

/** What the identity provider last said of a user. */
export interface OwnerStanding {
  readonly state: 'active' | 'disabled' | 'gone';
  /** Tokens issued before this second are no longer good: the user was logged out everywhere. */
  readonly notBefore: EpochSeconds;
  /** Names of the realm roles that the user has now, by groups and composites too; undefined if that could not be read. */
  readonly realmRoles: readonly string[] | undefined;
  readonly readAt: EpochMilliseconds;
}

export function rowOfPat(pat: Pat): PatRow {
  return {
    id: pat.id,
    kind: pat.kind,
    issuer: pat.owner.issuer,
    subject: pat.owner.subject,
    name: pat.name,
    hash: pat.hash,
    jti: pat.jti ?? null,
    limits: JSON.stringify(pat.limits),
    client: pat.client ?? null,
    email: pat.email ?? null,
    created_at: pat.createdAt,
    issued_at: pat.issuedAt,
    expires_at: pat.expiresAt,
    last_used_at: pat.lastUsedAt ?? null,
    last_address: pat.lastAddress ?? null,
    former_hash: pat.former?.hash ?? null,
    former_jti: pat.former?.jti ?? null,
    former_until: pat.former?.until ?? null,
    announced: 0,
  };
}

/** What this file wrote is read back as it was; the casts below name those shapes. */
export function patOf(row: PatRow): Pat {
  return {
    id: row.id as PatId,
    kind: row.kind as PatKind,
    owner: { issuer: row.issuer, subject: row.subject },
    name: row.name,
    hash: row.hash,
    jti: row.jti ?? undefined,
    limits: limitsOf(row.limits),
    client: row.client ?? undefined,
    email: row.email ?? undefined,
    createdAt: row.created_at as EpochMilliseconds,
    issuedAt: row.issued_at as EpochMilliseconds,
    expiresAt: row.expires_at as EpochSeconds,
    lastUsedAt: (row.last_used_at ?? undefined) as EpochMilliseconds | undefined,
    lastAddress: row.last_address ?? undefined,
    former:
      row.former_hash === null || row.former_until === null
        ? undefined
        : {
            hash: row.former_hash,
            jti: row.former_jti ?? undefined,
            until: row.former_until as EpochSeconds,
          },
  };
}

/** The columns that `patAtDoorOf` reads. */
export const doorColumns = [
  'pats_token.id',
  'pats_token.kind',
  'pats_token.issuer',
  'pats_token.subject',
  'pats_token.limits',
  'pats_token.created_at',
  'pats_token.issued_at',
  'pats_token.expires_at',
  'pats_token.last_used_at',
  'pats_token.last_address',
  'pats_token.former_until',
] as const;

type ColumnOf<Name> = Name extends `pats_token.${infer Column extends keyof PatRow}` ? Column : never;

export function patAtDoorOf(row: Pick<PatRow, ColumnOf<(typeof doorColumns)[number]>>): PatAtDoor {
  return {
    id: row.id as PatId,
    kind: row.kind as PatKind,
    owner: { issuer: row.issuer, subject: row.subject },
    limits: limitsOf(row.limits),
    createdAt: row.created_at as EpochMilliseconds,
    issuedAt: row.issued_at as EpochMilliseconds,
    expiresAt: row.expires_at as EpochSeconds,
    lastUsedAt: (row.last_used_at ?? undefined) as EpochMilliseconds | undefined,
    lastAddress: row.last_address ?? undefined,
    formerUntil: (row.former_until ?? undefined) as EpochSeconds | undefined,
  };
}

/** Most tokens are narrowed alike: a text is taken apart once. */
const knownLimits = new Map<string, PatLimits>();
const maxKnownLimits = 1000;

function limitsOf(text: string): PatLimits {
  const known = knownLimits.get(text);
  if (known !== undefined) return known;
  // What this file wrote.
  const limits = Object.freeze(JSON.parse(text) as PatLimits);
  if (knownLimits.size >= maxKnownLimits) knownLimits.clear();
  knownLimits.set(text, limits);
  return limits;
}

/** From a row that may come of an outer join, so that each member may be missing. */
export function ownerStandingOf(
  row: {
    readonly [Member in 'state' | 'not_before' | 'realm_roles' | 'read_at']: OwnerRow[Member] | null;
  },
): OwnerStanding | undefined {
  if (row.state === null || row.not_before === null || row.read_at === null) return undefined;
  return {
    state: row.state as OwnerStanding['state'],
    notBefore: row.not_before as EpochSeconds,
    realmRoles: row.realm_roles === null ? undefined : (JSON.parse(row.realm_roles) as string[]),
    readAt: row.read_at as EpochMilliseconds,
  };
}
