import { type Client, type ClientScope, effectiveRoles, type IdpState, type User } from '../../model/index.ts';
import { grantScopes } from '../../tokens/scopes.ts';
import { consentTextOf } from '../pages/consent-texts.ts';

/** The scopes that a request asks for and that a person is asked about. */
export function scopesForConsent(state: IdpState, client: Client, user: User, scope: string): readonly ClientScope[] {
  const granted = grantScopes(state, client, scope, user, effectiveRoles(state, user));
  return granted.ok ? granted.value.scopes.filter((it) => consentTextOf(it) !== undefined) : [];
}

/** Whether the user has to be asked: the client wants consent and not everything was granted before. */
export function needsConsent(state: IdpState, client: Client, user: User, scope: string): boolean {
  if (!client.consentRequired) return false;
  const given = user.consents.find((it) => it.clientUuid === client.id);
  return (
    given === undefined || scopesForConsent(state, client, user, scope).some((it) => !given.scopeIds.includes(it.id))
  );
}

/** Remembers what the user granted; earlier grants stay. */
export function recordConsent(state: IdpState, client: Client, user: User, scopes: readonly ClientScope[]): User {
  const now = state.clock();
  const before = user.consents.find((it) => it.clientUuid === client.id);
  const scopeIds = [...new Set([...(before?.scopeIds ?? []), ...scopes.map((it) => it.id)])];
  const consent = { clientUuid: client.id, scopeIds, createdDate: before?.createdDate ?? now, lastUpdatedDate: now };
  const others = user.consents.filter((it) => it.clientUuid !== client.id);
  return state.users.put({ ...user, consents: [...others, consent] });
}
