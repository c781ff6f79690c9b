import type { GuardedFetch } from '@keyturn/net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { EventSink } from './events.ts';
import type { UrlResolver } from './http/urls.ts';
import type { KeyRing } from './keys/key-ring.ts';
import type { Log } from './log.ts';
import type { IdpState, Realm } from './model/index.ts';
import type { PasswordHasher } from './passwords.ts';

/** What every endpoint works with. Built once by `createIdp`; holds no decision of its own. */
export interface IdpContext {
  readonly state: IdpState;
  readonly keys: KeyRing;
  readonly urls: UrlResolver;
  readonly events: EventSink;
  readonly passwords: PasswordHasher;
  /** Outbound requests to what an administrator configured: keys of clients, back-channel logout. */
  readonly fetch: GuardedFetch;
  /** Requests to addresses that a stranger named: no private host, unless the operator allowed it by name. */
  readonly fetchFromStrangers: GuardedFetch;
  readonly log: Log;
}

/** The server or the part of it below the relative path; bodies are `URLSearchParams` for forms and text for all else. */
export type App = FastifyInstance;

/** A route below `/realms/:realm` whose realm exists. */
export type RealmHandler = (
  realm: Realm,
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<FastifyReply> | FastifyReply;
