import { textsOf } from '../../model/members.ts';
import { runnable } from '../check.ts';
import { mayExchange, type RealmFacts, realmFacts } from '../facts.ts';

/** Seed 003, Audit Logging. */
export const events = runnable<RealmFacts>({
  id: 'events',
  why: 'details.reason of an error event is the only place where Keycloak says why an exchange failed.',
  needs: 'the realm’s events (admin login)',
  gather: realmFacts,
  judge({ realm, clients }) {
    if (!clients.some(mayExchange)) return [];
    const mend = 'add the recipe events to the realm file, then keyturn realm apply';
    if (realm['eventsEnabled'] !== true) return [{ severity: 'warning', looked: 'eventsEnabled', found: 'off', mend }];
    const types = textsOf(realm['enabledEventTypes']);
    // An empty list stores every type.
    const missing =
      types.length === 0 ? [] : ['TOKEN_EXCHANGE', 'TOKEN_EXCHANGE_ERROR'].filter((type) => !types.includes(type));
    return missing.length === 0
      ? []
      : [{ severity: 'warning', looked: 'enabledEventTypes', found: `without ${missing.join(', ')}`, mend }];
  },
});
