import type { EpochMilliseconds, JsonObject } from '@keyturn/protocol';

export type SessionId = `ses_${string}`;

/** Who has a session: by the identity provider, or a break-glass account by its name. */
export interface SessionOwner {
  readonly issuer: string;
  readonly subject: string;
}

/** A browser that is logged in. Its secret is in the cookie alone; here is only the hash. */
export interface Session {
  readonly id: SessionId;
  readonly kind: 'oidc' | 'break-glass';
  readonly owner: SessionOwner;
  readonly userId: string | undefined;
  /** `sid` at the identity provider, by which it says that the session is over. */
  readonly idpSession: string | undefined;
  readonly tokens: SessionTokens | undefined;
  readonly accessExpiresAt: number;
  readonly createdAt: EpochMilliseconds;
  readonly lastUsedAt: EpochMilliseconds;
  readonly endsAt: EpochMilliseconds;
  readonly refreshedAt: EpochMilliseconds;
  readonly leasedUntil: number;
  /** At the login, cut to 200 characters. */
  readonly userAgent: string;
  readonly address: string;
}

/** What a session holds of the identity provider; stored sealed. */
export interface SessionTokens {
  readonly access: string;
  readonly refresh: string | undefined;
  readonly id: string | undefined;
}

/** A session as its owner sees it. */
export function describeSession(session: Session, current: SessionId | undefined): JsonObject {
  const at = (moment: number): string => new Date(moment).toISOString();
  return {
    id: session.id,
    kind: session.kind,
    current: session.id === current,
    created_at: at(session.createdAt),
    last_used_at: at(session.lastUsedAt),
    ends_at: at(session.endsAt),
    user_agent: session.userAgent,
    address: session.address,
  };
}
