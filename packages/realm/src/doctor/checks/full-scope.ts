import { runnable } from '../check.ts';
import { mayExchange, type RealmFacts, realmFacts, textMember } from '../facts.ts';

/** FACTS §1.2: the admin API looks at the user's roles and the client's full scope, not at the token's own aud and roles. */
export const fullScope = runnable<RealmFacts>({
  id: 'full-scope',
  why: 'With full scope on, even a token of an administrator that was narrowed to one audience opens Keycloak’s admin and account APIs.',
  needs: 'clients that exchange tokens (admin login)',
  gather: realmFacts,
  judge: ({ clients }) =>
    clients
      .filter((client) => mayExchange(client) && client['fullScopeAllowed'] === true)
      .map((client) => {
        const name = textMember(client, 'clientId');
        return {
          severity: 'warning',
          looked: `client ${name}, fullScopeAllowed`,
          found: 'on at a client that exchanges tokens',
          mend: `set fullScopeAllowed: false and list its roles (the recipes do), then keyturn realm apply --target "client ${name}"`,
        };
      }),
});
