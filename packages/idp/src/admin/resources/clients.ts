import {
  type Client,
  createClient,
  deleteClient,
  findClient,
  serviceAccountOf,
  updateClient,
  updateUser,
} from '../../model/index.ts';
import {
  type Answer,
  created,
  done,
  duplicate,
  featureOff,
  json,
  noContent,
  notFound,
  refused,
} from '../frame/answer.ts';
import { flagOf, pageOf, type RealmCall, textOf } from '../frame/call.ts';
import { managedRealm } from '../frame/managed-realm.ts';
import { may } from '../frame/permissions.ts';
import { answerModelRefusal } from '../frame/refusals.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { changedClientOf, newClientOf } from '../../import/client.ts';
import { answerClientRefusal } from '../frame/import-refusals.ts';
import { type ClientRepresentation, clientReader, showClient } from '../representation/client.ts';
import { showUser } from '../representation/user.ts';

/** A handler of one client, which the path names by its internal id. */
export function withClient<Rest extends readonly unknown[]>(
  handler: (call: RealmCall, client: Client, ...rest: Rest) => Answer | Promise<Answer>,
): (call: RealmCall, ...rest: Rest) => Answer | Promise<Answer> {
  return (call, ...rest) => {
    const client = call.context.state.clients.inRealm(call.realm.id, call.param('client'));
    return client === undefined ? notFound('Could not find client') : handler(call, client, ...rest);
  };
}

/** Clients: look up, create, change, delete, and who acts for their service account. */
export function registerClients(routes: RealmRoutes): void {
  routes.get('/clients', may.listClients, listClients);
  routes.post('/clients', { needs: may.manageClients, body: clientReader, records: 'CLIENT' }, createOne);
  routes.get(
    '/clients/:client',
    may.viewClients,
    withClient((call, client) => json(shown(call, client))),
  );
  routes.put(
    '/clients/:client',
    { needs: may.manageClients, body: clientReader, records: 'CLIENT' },
    withClient(changeOne),
  );
  routes.delete('/clients/:client', { needs: may.manageClients, records: 'CLIENT' }, withClient(removeOne));
  routes.get(
    '/clients/:client/service-account-user',
    may.viewClients,
    withClient((call, client) => {
      const user = serviceAccountOf(call.context.state, client);
      return user === undefined
        ? refused(400, { error: `Service account not enabled for the client '${client.clientId}'` })
        : json(showUser(call.realm, user));
    }),
  );
  routes.get(
    '/clients/:client/management/permissions',
    may.viewClients,
    withClient(() => featureOff),
  );
}

function shown(call: RealmCall, client: Client): object {
  // The API's own clients are nobody's to change.
  const manage = call.admin.has(call.realm, may.manageClients) && client.attributes['realm_client'] !== 'true';
  return { ...showClient(call.context.state, client), access: { view: true, configure: manage, manage } };
}

function listClients(call: RealmCall): Answer {
  const { state } = call.context;
  if (!call.admin.has(call.realm, may.viewClients)) return json([]);
  const wanted = textOf(call, 'clientId');
  const search = flagOf(call, 'search', false);
  const all = state.clients.ofRealm(call.realm.id);
  const attributes = attributeQuery(textOf(call, 'q')).map(([name]) => name);
  // Keycloak searches attributes that its configuration names, and by default that is none.
  if (attributes.length > 0) {
    const error_description = `Attributes [${attributes.join(', ')}] not allowed for search`;
    return refused(400, { error: 'invalid_request', error_description });
  }
  const found =
    wanted === undefined
      ? all
      : search
        ? all.filter((it) => it.clientId.toLowerCase().includes(wanted.toLowerCase()))
        : [findClient(state, call.realm.id, wanted)].filter((it) => it !== undefined);
  const sorted = [...found].sort((a, b) => (a.clientId < b.clientId ? -1 : 1));
  return json(pageOf(call, sorted).map((it) => shown(call, it)));
}

/** `q=name:value other:value` as pairs; a value may be quoted. */
export function attributeQuery(query: string | undefined): readonly (readonly [string, string])[] {
  return [...(query ?? '').matchAll(/("[^"]*"|[^\s:]+):("[^"]*"|\S+)/g)].map(([, name = '', value = '']) => [
    unquoted(name),
    unquoted(value),
  ]);
}

function unquoted(text: string): string {
  return text.replace(/^"(.*)"$/, '$1');
}

function createOne(call: RealmCall, given: ClientRepresentation): Answer {
  const { state } = call.context;
  const wanted = newClientOf(state, call.realm, given);
  if (!wanted.ok) return answerClientRefusal(wanted.refusal);
  const made = createClient(state, call.realm, wanted.value);
  return made.ok
    ? created(['clients', made.value.id], { ...given, id: made.value.id })
    : answerModelRefusal(made.refusal);
}

function removeOne(call: RealmCall, client: Client): Answer {
  const { state } = call.context;
  const refusal = { why: 'built-in', what: 'client', name: client.clientId } as const;
  // Without these clients nobody could manage the realm any more.
  if (managedRealm(state, client) !== undefined) return answerModelRefusal(refusal);
  const deleted = deleteClient(state, client);
  return deleted.ok ? done({ id: client.id, clientId: client.clientId }) : answerModelRefusal(deleted.refusal);
}

function changeOne(call: RealmCall, client: Client, given: ClientRepresentation): Answer {
  const { state } = call.context;
  const wanted = changedClientOf(state, call.realm, client, given);
  if (!wanted.ok) return answerClientRefusal(wanted.refusal);
  const changed = updateClient(state, call.realm, wanted.value);
  if (changed.ok) {
    renameAccount(call, changed.value);
    return noContent;
  }
  return changed.refusal.why === 'exists' ? duplicate : answerModelRefusal(changed.refusal);
}

// A service account is called after its client, and found by that name.
function renameAccount(call: RealmCall, client: Client): void {
  const { state } = call.context;
  const account = serviceAccountOf(state, client);
  const username = `service-account-${client.clientId.toLowerCase()}`;
  if (account !== undefined && account.username !== username) updateUser(state, call.realm, { ...account, username });
}
