import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { JsonObject } from '@keyturn/protocol';
import { text, texts } from '../../import/fields.ts';
import type { Component, IdpState, Realm } from '../../model/index.ts';

/** What the realm's policies say against a stranger who registers a client; undefined: nothing. The words are Keycloak's. */
export async function refuseStranger(
  state: IdpState,
  realm: Realm,
  address: string,
  metadata: JsonObject,
): Promise<string | undefined> {
  const policy = (providerId: string): Component | undefined =>
    state.components.ofRealm(realm.id).find((it) => it.subType === 'anonymous' && it.providerId === providerId);
  const refused = (name: string, details: string): string =>
    `Policy '${name}' rejected request to client-registration service. Details: ${details}`;

  const trust = policy('trusted-hosts');
  const hosts = trust?.config['trusted-hosts']?.filter((it) => it !== '') ?? [];
  // Nobody named, nobody trusted: as every new realm has it.
  if (hosts.length === 0) return refused('Trusted Hosts', 'Host not trusted.');
  const must = (name: string): boolean => trust?.config[name]?.[0] !== 'false';
  if (must('host-sending-registration-request-must-match') && !(await isSender(hosts, address))) {
    return refused('Trusted Hosts', 'Host not trusted.');
  }
  if (must('client-uris-must-match') && !urisOf(metadata).every((uri) => isOfHost(hosts, uri))) {
    return refused('Trusted Hosts', "URL doesn't match any trusted host or trusted domain");
  }
  const max = Number(policy('max-clients')?.config['max-clients']?.[0] ?? 200);
  if (state.clients.ofRealm(realm.id).length >= max) {
    return refused('Max Clients Limit', `It's allowed to have max ${max} clients per realm`);
  }
  return undefined;
}

// A host by name is trusted under the addresses that it has now; a domain (`*.example.com`) names no sender.
async function isSender(hosts: readonly string[], address: string): Promise<boolean> {
  for (const host of hosts) {
    if (host === address) return true;
    if (isIP(host) !== 0 || host.startsWith('*')) continue;
    const found = await lookup(host, { all: true }).catch(() => []);
    if (found.some((it) => it.address === address)) return true;
  }
  return false;
}

function isOfHost(hosts: readonly string[], uri: string): boolean {
  if (!URL.canParse(uri)) return false;
  const { hostname } = new URL(uri);
  return hosts.some((host) => (host.startsWith('*.') ? hostname.endsWith(host.slice(1)) : host === hostname));
}

function urisOf(metadata: JsonObject): readonly string[] {
  const single = ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri', 'jwks_uri', 'backchannel_logout_uri'];
  return [
    ...texts(metadata['redirect_uris']),
    ...texts(metadata['post_logout_redirect_uris']),
    ...single.flatMap((name) => text(metadata, name) ?? []),
  ];
}
