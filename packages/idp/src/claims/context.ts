import type { Json } from '@keyturn/protocol';
import type { Client, IdpState, ProtocolMapper, Realm, Role, User, UserSession } from '../model/index.ts';

/** Which document the claims go into; a mapper's configuration names each apart. */
export type ClaimTarget = 'access' | 'id' | 'userinfo' | 'introspection';

/** Claims under construction: the one place where an object is filled step by step. */
export type MutableClaims = { [claim: string]: Json | undefined };

/** What a mapper may know of the person, the client and the session that a token is for. */
export interface ClaimContext {
  readonly state: IdpState;
  readonly realm: Realm;
  readonly client: Client;
  readonly user: User;
  /** The user's roles within the client's scope. */
  readonly roles: readonly Role[];
  readonly session: Pick<UserSession, 'notes' | 'acr' | 'authTime'> | undefined;
  readonly nonce: string | undefined;
  readonly target: ClaimTarget;
}

/** One mapper type: adds its claims. */
export type ClaimMapper = (context: ClaimContext, config: ProtocolMapper['config'], claims: MutableClaims) => void;

/** Whether a mapper's configuration wants its claim in this document; Keycloak's rules for absent switches. */
export function appliesTo(config: ProtocolMapper['config'], target: ClaimTarget, lightweight: boolean): boolean {
  const on = (name: string): boolean => config[name] === 'true';
  switch (target) {
    case 'access':
      return lightweight ? on('lightweight.claim') : on('access.token.claim');
    case 'id':
      return on('id.token.claim');
    case 'userinfo':
      return config['userinfo.token.claim'] === undefined ? on('id.token.claim') : on('userinfo.token.claim');
    case 'introspection':
      return config['introspection.token.claim'] === undefined
        ? on('access.token.claim')
        : on('introspection.token.claim');
  }
  throw new Error(`unknown target ${String(target)}`);
}
