import type { ServerVersion } from '../../live/server-version.ts';
import { runnable } from '../check.ts';
import { attributeOf, mayExchange, type RealmFacts, realmFacts, serverFacts, textMember } from '../facts.ts';

interface Facts {
  readonly server: ServerVersion;
  readonly realm: RealmFacts;
}

/** Seed 000, steps 1, 2 and 4: what was needed for V1, or never. */
export const v1Leftovers = runnable<Facts>({
  id: 'v1-leftovers',
  why: 'Features and settings of token exchange V1 are preview, widen what can be attacked, and Standard Token Exchange needs none of them. (V1, external exchange and impersonation are out of Keyturn’s scope.)',
  needs: 'features and clients (admin login)',
  async gather(context) {
    const [server, realm] = [await serverFacts(context), await realmFacts(context)];
    return server === undefined || realm === undefined ? undefined : { server, realm };
  },
  judge({ server, realm }) {
    const features = ['TOKEN_EXCHANGE', 'ADMIN_FINE_GRAINED_AUTHZ']
      .filter((name) => server.features.get(name) === true)
      .map(
        (name) =>
          ({
            severity: 'warning',
            looked: `feature ${name}`,
            found: 'on',
            mend: `remove ${name.toLowerCase().replaceAll('_', '-')} from KC_FEATURES`,
          }) as const,
      );
    const idle = realm.clients
      .filter((client) => mayExchange(client) && attributeOf(client, 'client.session.idle.timeout') !== '')
      .map(
        (client) =>
          ({
            severity: 'note',
            looked: `client ${textMember(client, 'clientId')}, client.session.idle.timeout`,
            found: 'set, with no effect on how long a token lives',
          }) as const,
      );
    return [...features, ...idle];
  },
});
