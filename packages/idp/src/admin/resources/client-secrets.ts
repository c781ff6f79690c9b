import type { Client } from '../../model/index.ts';
import { signRegistrationAccessToken } from '../../tokens/registration-tokens.ts';
import { type Answer, json, noContent, notFound } from '../frame/answer.ts';
import type { RealmCall } from '../frame/call.ts';
import { may } from '../frame/permissions.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { freshSecret } from '../../import/client.ts';
import { showClient } from '../representation/client.ts';
import { withClient } from './clients.ts';

/** A client's secret: read, replaced by a new one, and the one before it. */
export function registerClientSecrets(routes: RealmRoutes): void {
  const path = '/clients/:client/client-secret';
  routes.get(
    path,
    may.viewClients,
    withClient((_call, client) => json(shown(client))),
  );
  routes.post(path, { needs: may.manageClients, records: 'CLIENT', as: 'ACTION' }, withClient(regenerate));
  // Secret rotation is a client policy in Keycloak; without it no client has a rotated secret.
  const none = withClient(() => notFound('Client does not have a rotated secret'));
  routes.get(`${path}/rotated`, may.viewClients, none);
  routes.delete(
    `${path}/rotated`,
    { needs: may.manageClients, records: 'CLIENT', as: 'ACTION' },
    withClient(() => noContent),
  );
  routes.post(
    '/clients/:client/registration-access-token',
    { needs: may.manageClients, records: 'CLIENT', as: 'ACTION' },
    withClient(async (call, client) => {
      const { state, urls } = call.context;
      const changed = state.clients.put({ ...client, registrationAccessToken: state.newUuid() });
      const issuer = urls.issuer(call.request, call.realm);
      const registrationAccessToken = await signRegistrationAccessToken(call.context, call.realm, issuer, changed);
      return json({ ...showClient(state, changed), registrationAccessToken });
    }),
  );
  routes.post(
    '/clients/:client/push-revocation',
    { needs: may.manageClients, records: 'CLIENT', as: 'ACTION' },
    withClient(() => json({})),
  );
  routes.get(
    '/clients/:client/test-nodes-available',
    may.viewClients,
    withClient(() => json({})),
  );
  routes.post(
    '/clients/:client/nodes',
    { needs: may.manageClients, records: 'none' },
    withClient(() => noContent),
  );
}

function shown(client: Client): object {
  return { type: 'secret', ...(client.secret === undefined ? {} : { value: client.secret }) };
}

// The old secret is dead at once.
function regenerate(call: RealmCall, client: Client): Answer {
  const { secret, attributes } = freshSecret(call.context.state);
  const now = shown(
    call.context.state.clients.put({ ...client, secret, attributes: { ...client.attributes, ...attributes } }),
  );
  return { ...json(now), recorded: now };
}
