/**
 * One key turned into another: an RFC 8693 token exchange client. The caller's token goes in, and a token that one
 * upstream accepts comes out, from a cache that never outlives either of them. Also an agent's own token by
 * client_credentials. It verifies nothing (that is for `verify`, before) and decides nothing (`policy`); it needs a fetch
 * and a clock.
 *
 * The path: `createExchanger(…).exchange({ subjectToken, audience })` → cache, or one flight a key → breaker →
 * `buildExchangeRequest` → fetch → `readExchangeResponse` → how long to keep it (`expiry.ts`). A refusal is turned into
 * a sentence with its remedy by `explainExchange`.
 */
export type { Breaker, BreakerSettings, BreakerState } from './breaker.ts';
export { createBreaker } from './breaker.ts';
export type { CacheSelector, CacheTags } from './cache.ts';
export type { ExchangeEvent } from './events.ts';
export type { ExchangeCall, ExchangedToken, Exchanger, ExchangerOptions } from './exchanger.ts';
export { createExchanger } from './exchanger.ts';
export type { ExchangeFacts } from './explain.ts';
export { explainExchange } from './explain.ts';
export type { ExchangeFetch } from './post.ts';
export type { ExchangeRefusal } from './refusal.ts';
export { isServerFault } from './refusal.ts';
export type { ClientAuthentication, ExchangeOrder, TokenClient, TokenRequest } from './request.ts';
export { buildExchangeRequest } from './request.ts';
export type { IssuedToken, TokenResponse } from './response.ts';
export { readExchangeResponse } from './response.ts';
export type { TokenSource, TokenSourceOptions } from './token-source.ts';
export { createTokenSource } from './token-source.ts';
