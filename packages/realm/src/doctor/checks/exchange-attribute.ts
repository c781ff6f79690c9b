import { runnable } from '../check.ts';
import { attributeOf, mayExchange, type RealmFacts, realmFacts, textMember } from '../facts.ts';

const wrong = 'oauth2.token.exchange.grant.enabled';

/** FACTS §1.6: seed 003's realm export has a name that Keycloak stores and never reads. */
export const exchangeAttribute = runnable<RealmFacts>({
  id: 'exchange-attribute',
  why: `Keycloak keeps any attribute, so ${wrong} looks like a switch and does nothing.`,
  needs: 'clients (admin login)',
  gather: realmFacts,
  judge: ({ clients }) =>
    clients
      .filter((client) => attributeOf(client, wrong) !== '')
      .map((client) => {
        const name = textMember(client, 'clientId');
        const found = mayExchange(client)
          ? 'set, beside the right one'
          : 'set, while standard.token.exchange.enabled is not';
        return {
          severity: mayExchange(client) ? 'note' : 'error',
          looked: `client ${name}, ${wrong}`,
          found,
          mend: `keyturn realm apply --target "client ${name}" writes the right one`,
        };
      }),
});
