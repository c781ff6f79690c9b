import { createLogoutTokenVerifier, createVerifier } from '@keyturn/verify';
import type { ResolvedLogin } from '../config/resolve-login.ts';
import { mountBackchannelLogout, openLogoutReplay } from '../features/login/backchannel-logout.ts';
import { mountAuthDiscovery } from '../features/login/discovery.ts';
import { openLogin } from '../features/login/open-login.ts';
import type { Webhooks } from '../features/events/webhooks.ts';
import type { Pats } from '../features/pats/open-pats.ts';
import type { RbacFeature } from '../features/rbac/open-rbac.ts';
import { openUsers, type Users } from '../features/users/open-users.ts';
import type { Doors } from '../http/doors.ts';
import type { Frame } from '../http/frame.ts';
import type { SessionPort } from '../http/session-port.ts';
import { createSeal } from '../outside/seal.ts';
import type { Outbound } from './outbound.ts';
import type { InTheHouse } from './shared.ts';

export interface PeopleParts extends InTheHouse, Doors, Pick<Outbound, 'clients' | 'idpFetch'> {
  readonly login: ResolvedLogin;
  /** The issuer as Keyturn itself reaches it. */
  readonly backchannel: string;
  readonly rbac: RbacFeature;
  readonly pats: Pats | undefined;
  readonly announce: Webhooks['announce'];
}

export interface People {
  /** Sessions of browsers, which are a way into the first room. */
  readonly sessions: SessionPort;
  /** Where the owner of a token gives the grant that carries it. */
  readonly grantUrl: (owner: { readonly subject: string }) => Promise<string>;
  readonly mount: (frame: Frame) => void;
  readonly start: () => void;
  readonly close: () => void;
}

/** People: who logs in here, what their groups make of them, their sessions, and what ends with a logout elsewhere. */
export function openPeople(parts: PeopleParts): People {
  const { settings, login, issuer, house, doors, rulesFor, rbac, pats, store, clock, random, log } = parts;
  const users: Users = openUsers({
    ...parts,
    groupsClaim: login.settings.groupsClaim,
    roles: rbac.forUsers(async (id) => users.identitiesOf(id)),
    sync: parts.clients.sync,
    syncInterval: login.settings.groupSyncInterval,
    listeners: [],
  });
  // Of a login that gives a grant, the tokens go on to be exchanged.
  const exchangeAs = settings.exchange.clientId;
  const grantTokens = createVerifier(
    rulesFor([...settings.auth.audiences, ...(exchangeAs === undefined ? [] : [exchangeAs])]),
  );
  const logins = openLogin({
    ...parts,
    resolved: login,
    fetch: parts.idpFetch,
    breakGlass: settings.breakGlass,
    seal: createSeal(login.sealKeys, random),
    identify: async (bearer, address) => house.who(bearer, 'rest', { address }),
    rolesOf: rbac.rolesOf,
    verify: (token, purpose) => (purpose === 'session' ? doors.rest.verifier : grantTokens).verify(token),
    signedIn: users.people.signedIn,
    sessionEnded: async (ended) => pats?.loggedOut({ ...ended, offlineToo: false }),
    purposes: {
      'offline-grant': async ({ issuer: from, subject, tokens }) => {
        await pats?.keepGrant({ issuer: from, subject }, tokens);
        return { title: 'Thank you', text: 'Keyturn can now carry your tokens. Close this page and try again.' };
      },
    },
  });
  return {
    sessions: logins.port,
    grantUrl: ({ subject }) =>
      logins.invitation({ purpose: 'offline-grant', subject, scopes: ['openid', 'offline_access'] }),
    mount(frame) {
      // What a logout at the identity provider ends here: each feature that keeps something of a session has its line.
      const listeners = [logins.ended, ...(pats === undefined ? [] : [pats.loggedOut]), users.ended, rbac.ended];
      const { revocation: _ofAccessTokens, ...rules } = rulesFor([login.settings.clientId]);
      const tokens = createLogoutTokenVerifier({ ...rules, replay: openLogoutReplay(store, clock) });
      mountBackchannelLogout(frame, { tokens, listeners, log });
      const { cliClientId: clientId, cliScopes: scopes } = login.settings;
      if (clientId !== undefined) mountAuthDiscovery(frame, { issuer, clientId, scopes });
      logins.mount(frame);
      users.mount(frame);
    },
    start: users.start,
    close() {
      users.close();
      logins.close();
    },
  };
}
