import { textsOf } from '../../model/members.ts';
import { runnable } from '../check.ts';
import { isKeycloaks, type RealmFacts, realmFacts, textMember } from '../facts.ts';

/** FACTS §1.14. */
export const basicScope = runnable<RealmFacts>({
  id: 'basic-scope',
  why: 'The built-in scope basic carries sub: a client without it issues access tokens that name nobody. A realm file with clientScopes of its own gets no built-in scopes at all.',
  needs: 'clients and scopes (admin login)',
  gather: realmFacts,
  judge({ clients, scopes }) {
    if (!scopes.some((scope) => scope['name'] === 'basic'))
      return [
        {
          severity: 'error',
          looked: 'client scopes',
          found: 'basic is not there: the realm was imported with clientScopes of its own',
          mend: 'create the realm without clientScopes, then keyturn realm apply, which adds to the built-in ones',
        },
      ];
    return clients
      .filter(
        (client) => !isKeycloaks(client) && textMember(client, 'protocol') !== 'saml' && client['bearerOnly'] !== true,
      )
      .filter(
        (client) =>
          ![...textsOf(client['defaultClientScopes']), ...textsOf(client['optionalClientScopes'])].includes('basic'),
      )
      .map((client) => {
        const name = textMember(client, 'clientId');
        return {
          severity: 'warning',
          looked: `client ${name}, defaultClientScopes`,
          found: 'without basic',
          mend: `add basic to its defaultClientScopes, then keyturn realm apply --target "client ${name}"`,
        };
      });
  },
});
