import { isJsonObject, type JsonObject } from '@keyturn/protocol';
import type { FastifyRequest } from 'fastify';
import type { IdpContext } from '../../context.ts';
import { formOf, queryOf } from '../../http/form.ts';
import { createClient, findClient, findRealm, type Realm, updateClient } from '../../model/index.ts';
import { clientFromDocument, isMetadataUrl, isTrustedHost } from './document.ts';

/** Seconds that a fetched document is believed; and how many such clients a realm may have, so that nobody fills the disk. */
const freshFor = 3600;
const maxClients = 1000;

/**
 * Before a request is handled: if its client id is a metadata document's address and the realm has that switched on
 * (`cimd.enabled`, with `cimd.trusted.domains`), the client is fetched and kept. Whatever goes wrong, the client then is
 * simply unknown. Off by default, as in Keycloak. Undefined: there is nothing to wait for.
 */
export function ensureMetadataClient(context: IdpContext, request: FastifyRequest): Promise<void> | undefined {
  // Not every route has a realm; those that have it name it so.
  const { realm: name } = request.params as { readonly realm?: string };
  const realm = name === undefined ? undefined : findRealm(context.state, name);
  if (realm?.attributes['cimd.enabled'] !== 'true') return undefined;
  const clientId = formOf(request).get('client_id') ?? queryOf(request).get('client_id') ?? '';
  if (!isMetadataUrl(clientId)) return undefined;
  const trusted = (realm.attributes['cimd.trusted.domains'] ?? '').split(',').map((it) => it.trim());
  if (!isTrustedHost(new URL(clientId).host, trusted)) {
    context.log('info', 'client metadata document of a domain that the realm does not trust', { clientId });
    return undefined;
  }
  return refresh(context, realm, clientId);
}

async function refresh(context: IdpContext, realm: Realm, clientId: string): Promise<void> {
  const { state } = context;
  const known = findClient(state, realm.id, clientId);
  // A client that an administrator made under this name is his.
  if (known !== undefined && known.attributes['cimd.fetched'] === undefined) return;
  if (known !== undefined && Number(known.attributes['cimd.fetched']) + freshFor > state.now()) return;
  const fetched = await context.fetchFromStrangers(clientId, { headers: { accept: 'application/json' } });
  const document = fetched.ok && fetched.value.status === 200 ? parsed(fetched.value.text()) : undefined;
  const client = document === undefined ? undefined : clientFromDocument(clientId, document);
  if (client?.ok !== true) {
    const why = client === undefined ? 'it could not be fetched' : client.refusal.why;
    context.log('warn', 'client metadata document refused', { clientId, why });
    return;
  }
  const attributes = { ...client.value.attributes, 'cimd.fetched': String(state.now()) };
  state.transaction(() => {
    const now = findClient(state, realm.id, clientId);
    if (now !== undefined) updateClient(state, realm, { ...now, ...client.value, id: now.id, attributes });
    else if (countOf(context, realm) < maxClients) createClient(state, realm, { ...client.value, attributes });
  });
}

function countOf(context: IdpContext, realm: Realm): number {
  return context.state.clients.ofRealm(realm.id).filter((it) => it.attributes['cimd.fetched'] !== undefined).length;
}

function parsed(json: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
