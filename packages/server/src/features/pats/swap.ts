import type { ExchangeRefusal } from '@keyturn/exchange';
import {
  after,
  type Clock,
  days,
  type EpochSeconds,
  epochMilliseconds,
  type EpochMilliseconds,
  grantTypes,
  isJsonObject,
  type Json,
  ok,
  type PatId,
  type Result,
  refuse,
  type Seconds,
  secondsOf,
  tokenTypes,
} from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import { askTokenEndpoint, type TokenEndpoint } from '../../http/token-endpoint.ts';
import type { GrantRefusal, Grants } from './grants.ts';
import type { PatAtDoor } from './pat.ts';
import type { RevocationLog } from './revocation-log.ts';

export type SwapRefusal =
  | GrantRefusal
  /** The identity provider does not give this owner's token that audience. */
  | { readonly why: 'swap-refused'; readonly audience: string; readonly refusal: ExchangeRefusal };

/**
 * Turns a reference token into a short-lived access token of its owner for one audience: the owner's grant gives an access
 * token, and an exchange narrows it. Each reference token gets one of its own, so that revoking it can name what was
 * handed out for it.
 */
export interface Swap {
  /** The token at hand. */
  readonly atHand: (pat: PatId, audience: string, now: EpochMilliseconds) => string | undefined;
  readonly swap: (pat: PatAtDoor, audience: string) => Promise<Result<string, SwapRefusal>>;
  /** Whether this text is one that is handed out now. It stems from a grant, not from the session that it names. */
  readonly isHandedOut: (token: string) => boolean;
  /** Drops what names this session, which has ended: others who hear of it refuse what was issued before. */
  readonly dropSession: (sessionId: string) => void;
  /** Drops the one token, which the verifier has refused. */
  readonly drop: (pat: PatId, audience: string) => void;
  /** Drops everything of these tokens, and tells verifiers everywhere what was handed out for revoked ones. */
  readonly dropAll: (concerned: (pat: PatAtDoor) => boolean, revoked: boolean) => void;
}

interface Swapped {
  readonly pat: PatAtDoor;
  readonly token: string;
  /** Of a token that only this reference token was swapped for; the owner's own, used at Keyturn's doors, is shared. */
  readonly jti: string | undefined;
  /** `sid`: of the session in which the grant was given. */
  readonly sessionId: Json | undefined;
  readonly expiresAt: EpochSeconds;
  readonly until: EpochMilliseconds;
}

export function createSwap(parts: {
  readonly grants: Pick<Grants, 'accessToken'>;
  /** Audiences that are Keyturn itself. Only they are shown a token that is not narrowed. */
  readonly ownAudiences: ReadonlySet<string>;
  /** The client that exchanges; undefined: only Keyturn's own audiences can be had. */
  readonly exchange: TokenEndpoint | undefined;
  readonly store: Store;
  readonly log: RevocationLog;
  readonly clock: Clock;
  /** How long a swapped token is used: what changes for the owner shows after as long. */
  readonly interval: Seconds;
  readonly warn: (facts: object, sentence: string) => void;
}): Swap {
  const { grants, exchange, clock, log, store } = parts;
  const tokens = new Map<string, Swapped>();
  const asking = new Map<string, Promise<Result<string, SwapRefusal>>>();
  // The texts that are at hand, to be known by whoever is shown one.
  const texts = new Set<string>();
  const remove = (key: string, swapped: Swapped | undefined): void => {
    if (swapped !== undefined) texts.delete(swapped.token);
    tokens.delete(key);
  };
  let generation = 0;

  const narrow = async (token: string, audience: string): Promise<Result<string, ExchangeRefusal>> => {
    // Keyturn's own doors: the grant's token is meant for them as it is, and the exchanging client cannot be its own audience.
    if (parts.ownAudiences.has(audience) && audiencesOf(readClaims(token)).includes(audience)) return ok(token);
    if (exchange === undefined) return refuse(nobodyExchanges);
    const answer = await askTokenEndpoint(exchange, formOf(token, audience));
    return answer.ok ? ok(answer.value.token) : answer;
  };

  const ask = async (pat: PatAtDoor, audience: string): Promise<Result<string, SwapRefusal>> => {
    const asked = generation;
    const own = await grants.accessToken(pat.owner);
    if (!own.ok) return own;
    const narrowed = await narrow(own.value.token, audience);
    if (!narrowed.ok) return refuse({ why: 'swap-refused', audience, refusal: narrowed.refusal });
    const token = narrowed.value;
    const claims = readClaims(token);
    const exp = typeof claims['exp'] === 'number' ? claims['exp'] : 0;
    const { jti } = claims;
    const until = Math.min(own.value.at + parts.interval * 1000, (exp - 5) * 1000);
    const swapped: Swapped = {
      pat,
      token,
      jti: typeof jti === 'string' && token !== own.value.token ? jti : undefined,
      sessionId: claims['sid'],
      expiresAt: exp as EpochSeconds,
      until: epochMilliseconds(until),
    };
    // Revoked while it was under way: used by nobody, and not kept.
    if (asked === generation) {
      if (tokens.size > 20_000) {
        tokens.clear();
        texts.clear();
      }
      const key = keyOf(pat.id, audience);
      remove(key, tokens.get(key));
      tokens.set(key, swapped);
      texts.add(token);
    }
    return ok(token);
  };

  return {
    atHand(pat, audience, now) {
      const kept = tokens.get(keyOf(pat, audience));
      return kept !== undefined && now < kept.until ? kept.token : undefined;
    },
    async swap(pat, audience) {
      const key = keyOf(pat.id, audience);
      const under = asking.get(key) ?? ask(pat, audience).finally(() => asking.delete(key));
      asking.set(key, under);
      return under;
    },
    isHandedOut: (token) => texts.has(token),
    dropSession(sessionId) {
      for (const [key, swapped] of tokens) if (swapped.sessionId === sessionId) remove(key, swapped);
    },
    drop(pat, audience) {
      const key = keyOf(pat, audience);
      remove(key, tokens.get(key));
    },
    dropAll(concerned, revoked) {
      generation += 1;
      const now = clock();
      const second = secondsOf(now);
      const ends: { jti: string; until: EpochSeconds }[] = [];
      for (const [key, swapped] of tokens) {
        if (!concerned(swapped.pat)) continue;
        remove(key, swapped);
        if (swapped.jti !== undefined && swapped.expiresAt > second) {
          ends.push({ jti: swapped.jti, until: after(swapped.expiresAt, days(1)) });
        }
      }
      if (!revoked || ends.length === 0) return;
      store
        .transaction((tx) =>
          log.append(
            tx,
            now,
            ends.map(({ jti, until }) => ({ revocation: { kind: 'jti', value: jti }, until })),
          ),
        )
        .catch((error: unknown) => parts.warn({ error: String(error) }, 'swapped tokens could not be revoked'));
    },
  };
}

const nobodyExchanges: ExchangeRefusal = {
  why: 'refused',
  status: 0,
  error: 'invalid_target',
  description: 'no client to exchange as is configured (exchange.clientId)',
};

function formOf(subjectToken: string, audience: string): readonly (readonly [string, string])[] {
  return [
    ['grant_type', grantTypes.tokenExchange],
    ['subject_token', subjectToken],
    ['subject_token_type', tokenTypes.accessToken],
    ['requested_token_type', tokenTypes.accessToken],
    ['audience', audience],
  ];
}

/** What a token says of itself. Believed only as far as to keep it for a shorter time: whoever it is handed to verifies it. */
function readClaims(token: string): { readonly [claim: string]: Json | undefined } {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return isJsonObject(claims) ? claims : {};
  } catch {
    return {};
  }
}

function audiencesOf(claims: { readonly [claim: string]: Json | undefined }): readonly Json[] {
  const { aud } = claims;
  return Array.isArray(aud) ? aud : typeof aud === 'string' ? [aud] : [];
}

function keyOf(pat: PatId, audience: string): string {
  return `${pat}\n${audience}`;
}
