import { isSecretStandIn } from '../../model/secrets.ts';
import { runnable } from '../check.ts';
import { type RealmFacts, realmFacts, textMember } from '../facts.ts';

/** FACTS §1.7. */
export const secretStandIn = runnable<RealmFacts>({
  id: 'secret-stand-in',
  why: 'A file import with the variable unset leaves ${…} as the secret, and writing back a masked export stores ten asterisks: everybody who reads the template can then log in as the client.',
  needs: 'clients (admin login)',
  gather: realmFacts,
  judge: ({ clients }) =>
    clients
      .filter(
        (client) =>
          textMember(client, 'secret') !== '' &&
          client['publicClient'] !== true &&
          isSecretStandIn(textMember(client, 'secret')),
      )
      .map((client) => {
        const name = textMember(client, 'clientId');
        const found = textMember(client, 'secret').startsWith('*') ? 'ten asterisks' : 'the text of a placeholder';
        return {
          severity: 'error',
          looked: `client ${name}, secret`,
          found,
          mend: `keyturn realm rotate-secret ${name}`,
        };
      }),
});
