import { type Client, findRealm, type IdpState, type Realm } from '../../model/index.ts';

/** The realm that a client's roles let people manage: `realm-management` its own, `<realm>-realm` of master that one. */
export function managedRealm(state: IdpState, client: Client): Realm | undefined {
  const home = state.realms.get(client.realmId);
  if (client.clientId === 'realm-management') return home;
  const name = home?.realm === 'master' ? /^(.+)-realm$/.exec(client.clientId)?.[1] : undefined;
  return name === undefined ? undefined : findRealm(state, name);
}
