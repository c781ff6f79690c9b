import { hash } from 'node:crypto';
import type { Clock, Random } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { TokenSeal } from './session-repository.ts';
import type { LoginTables } from './tables.ts';

/** What a login is for: a session, or a purpose that somebody was sent here for. */
export interface LoginIntent {
  readonly purpose: string;
  /** The user who must log in, where that is settled: somebody else's login is refused. */
  readonly subject?: string;
  readonly scopes: readonly string[];
  /** A path of our own; see return-to.ts. */
  readonly returnTo?: string;
  /** What the login must be, where something has asked for a stronger or a fresher one (RFC 9470). */
  readonly stepUp?: StepUp;
}

/** Sent to the identity provider as `acr_values` and `max_age` (OpenID Connect Core §3.1.2.1). */
export interface StepUp {
  readonly acrValues?: string;
  /** Seconds. */
  readonly maxAge?: string;
}

/** A login that has been begun: `binding` is in a cookie of the browser that began it. */
export interface BegunLogin extends LoginIntent {
  readonly nonce: string;
  readonly verifier: string;
  readonly binding: string;
}

/**
 * Logins under way, for ten minutes. A ticket is in a URL that Keyturn hands out, a state in the one that the identity
 * provider sends back; each works once, and only its hash is stored.
 */
export interface LoginFlows {
  readonly invite: (intent: LoginIntent) => Promise<string>;
  readonly redeem: (ticket: string) => Promise<LoginIntent | undefined>;
  readonly begin: (state: string, login: BegunLogin) => Promise<void>;
  readonly finish: (state: string) => Promise<BegunLogin | undefined>;
  readonly prune: () => Promise<void>;
}

const lifetime = 600_000;

/** `seal` keeps the PKCE verifier from whoever reads the database. */
export function openLoginFlows(parts: {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly seal: TokenSeal;
}): LoginFlows {
  const { store, clock, random, seal } = parts;
  const db = store.db.withTables<LoginTables>();
  const put = async (key: string, facts: unknown): Promise<void> => {
    const row = { key, facts: seal.seal(JSON.stringify(facts), key), expires_at: clock() + lifetime };
    await db.insertInto('login_flow').values(row).execute();
  };
  /** Deleted as it is read: of two who bring the same one, one gets it. */
  const take = async (key: string): Promise<unknown> => {
    const row = await db.deleteFrom('login_flow').where('key', '=', key).returningAll().executeTakeFirst();
    if (row === undefined || clock() >= row.expires_at) return undefined;
    const facts = seal.open(row.facts, key);
    return facts === undefined ? undefined : JSON.parse(facts);
  };
  return {
    async invite(intent) {
      const ticket = Buffer.from(random(32)).toString('base64url');
      await put(keyOf('ticket', ticket), intent);
      return ticket;
    },
    // What this file wrote and sealed is read back as it was.
    redeem: async (ticket) => (await take(keyOf('ticket', ticket))) as LoginIntent | undefined,
    begin: (state, login) => put(keyOf('state', state), login),
    finish: async (state) => (await take(keyOf('state', state))) as BegunLogin | undefined,
    async prune() {
      await db.deleteFrom('login_flow').where('expires_at', '<', clock()).execute();
    },
  };
}

function keyOf(kind: 'ticket' | 'state', secret: string): string {
  return `${kind}:${hash('sha256', secret)}`;
}
