import type { NetRefusal } from '@keyturn/net';
import type { Clock, EpochMilliseconds, Result } from '@keyturn/protocol';
import { epochMilliseconds, epochSeconds, ok, refuse } from '@keyturn/protocol';
import type { ExchangeFetch } from './post.ts';
import type { TokenResponse } from './response.ts';

/** For this package's tests: a clock that stands until it is moved. */
export function standingClock(
  start = 1_700_000_000_000,
): Clock & { advance(seconds: number): void; seconds(): number } {
  let now = start;
  return Object.assign((): EpochMilliseconds => epochMilliseconds(now), {
    advance: (amount: number) => {
      now += amount * 1000;
    },
    seconds: () => epochSeconds(Math.floor(now / 1000)),
  });
}

/** For this package's tests: an unsigned JWT with these claims, which is all that an unverified reader sees. */
export function fakeJwt(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part(claims)}.c2ln`;
}

export function answer(status: number, body: unknown, headers: Record<string, string> = {}): TokenResponse {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { status, headers: { get: (name) => headers[name] ?? null }, text: () => text };
}

export function tokenAnswer(token: string, more: object = {}): TokenResponse {
  return answer(200, {
    access_token: token,
    token_type: 'Bearer',
    expires_in: 300,
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    ...more,
  });
}

type Reply = TokenResponse | NetRefusal | undefined;

/** For this package's tests: a token endpoint that keeps what it was asked and answers by `reply`. */
export function fakeEndpoint(reply: (form: URLSearchParams, count: number) => Reply | Promise<Reply>): {
  fetch: ExchangeFetch;
  asked: URLSearchParams[];
} {
  const asked: URLSearchParams[] = [];
  const fetch: ExchangeFetch = async (_url, init): Promise<Result<TokenResponse, NetRefusal>> => {
    const form = new URLSearchParams(String(init.body));
    asked.push(form);
    const answered = await reply(form, asked.length);
    if (answered === undefined) return ok(tokenAnswer(`token-${asked.length}`));
    return 'why' in answered ? refuse(answered) : ok(answered);
  };
  return { fetch, asked };
}
