import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Client, Realm } from '../model/index.ts';

/** A request at the token endpoint whose client is known and authenticated, and whose form has no doubles. */
export interface GrantRequest {
  readonly realm: Realm;
  readonly client: Client;
  readonly form: URLSearchParams;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** `<frontend>/realms/<realm>` for this request. */
  readonly issuer: string;
  /** The client's address, for events and sessions. */
  readonly address: string;
}

export type GrantHandler = (grant: GrantRequest) => Promise<FastifyReply> | FastifyReply;

/** Handlers by `grant_type`. */
export type Grants = Readonly<Record<string, GrantHandler>>;
