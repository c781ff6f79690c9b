import { runnable } from '../check.ts';
import { attributeOf, isKeycloaks, type RealmFacts, realmFacts, textMember } from '../facts.ts';

/** Seed 004: logins that should end. */
export const logout = runnable<RealmFacts>({
  id: 'logout',
  why: 'Without a back-channel logout URL a service keeps a session that Keycloak has ended, until its own end.',
  needs: 'clients for logins (admin login)',
  gather: realmFacts,
  judge: ({ clients }) =>
    clients
      .filter(
        (client) =>
          !isKeycloaks(client) &&
          client['standardFlowEnabled'] === true &&
          client['publicClient'] !== true &&
          client['bearerOnly'] !== true,
      )
      .filter(
        (client) =>
          Array.isArray(client['redirectUris']) &&
          client['redirectUris'].length > 0 &&
          attributeOf(client, 'backchannel.logout.url') === '',
      )
      .map((client) => ({
        severity: 'note',
        looked: `client ${textMember(client, 'clientId')}, backchannel.logout.url`,
        found: 'not set',
        mend: 'set backchannelLogoutUrl in the recipe login-client, then keyturn realm apply',
      })),
});
