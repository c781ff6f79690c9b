import type { Result } from '@keyturn/protocol';
import type { FastifyRequest } from 'fastify';
import type { Caller } from './caller.ts';
import type { HouseRefusal } from './refusals.ts';

/** What a browser that is not logged in is told beside the problem. */
export interface Challenge {
  /** For a page: where to go instead of showing the problem. */
  readonly redirect?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Sessions of browsers, as the frame needs them: the way into the first room for REST routes. compose.ts fills it from the
 * feature `login`, or with nothing. The MCP door never asks it: a browser would send the cookie for anybody's page.
 */
export interface SessionPort {
  /** The caller whose session cookie the request brings; undefined if it brings none. */
  readonly enter: (request: FastifyRequest) => Promise<Result<Caller, HouseRefusal> | undefined>;
  /** What to answer somebody who is not logged in, beside the 401. */
  readonly challenge: (request: FastifyRequest) => Challenge;
}
