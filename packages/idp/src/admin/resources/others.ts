import { isJsonObject } from '@keyturn/protocol';
import { type Answer, featureOff, json, message, noContent, notFound, refused } from '../frame/answer.ts';
import type { RealmCall } from '../frame/call.ts';
import { may } from '../frame/permissions.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { anything } from '../json/shape.ts';
import { withClient } from './clients.ts';

/** Small endpoints whose answer is fixed here: what this server has not is empty, as in a new Keycloak. */
export function registerOthers(routes: RealmRoutes): void {
  const broker = '/identity-provider';
  routes.get(`${broker}/instances`, may.viewIdentityProviders, () => json([]));
  routes.get(`${broker}/instances/:alias`, may.viewIdentityProviders, () => notFound('HTTP 404 Not Found'));
  routes.post(`${broker}/instances`, { needs: may.manageIdentityProviders, records: 'none' }, () =>
    refused(400, { errorMessage: 'Identity brokering is not part of this server' }),
  );
  routes.get('/credential-registrators', may.viewRealm, () =>
    json(['CONFIGURE_TOTP', 'webauthn-register', 'webauthn-register-passwordless', 'CONFIGURE_RECOVERY_AUTHN_CODES']),
  );
  routes.get('/client-registration-policy/providers', may.viewRealm, () => json([]));
  routes.get('/client-types', may.viewClients, () => featureOff);
  routes.get('/users-management-permissions', may.viewRealm, () => featureOff);
  routes.get('/organizations', may.viewRealm, () => message(404, 'Organizations not enabled for this realm.'));
  routes.post('/testSMTPConnection', { needs: may.manageRealm, records: 'none' }, () =>
    refused(500, { errorMessage: 'Failed to send email' }),
  );
  registerLocalization(routes);
  routes.get('/clients/:client/installation/providers/:provider', may.viewClients, withClient(installation));
}

function registerLocalization(routes: RealmRoutes): void {
  const change = { needs: may.manageRealm, records: 'none' } as const;
  routes.get('/localization', may.anything, (call) => json(Object.keys(textsOf(call))));
  routes.get('/localization/:locale', may.anything, (call) => {
    const texts = textsOf(call);
    return json(Object.hasOwn(texts, call.param('locale')) ? texts[call.param('locale')] : {});
  });
  routes.post('/localization/:locale', { ...change, body: anything }, (call, given) => {
    if (!isJsonObject(given)) return refused(400, { error: 'HTTP 400 Bad Request' });
    const texts = textsOf(call);
    const before = Object.hasOwn(texts, call.param('locale')) ? texts[call.param('locale')] : {};
    const merged = { ...(isJsonObject(before) ? before : {}), ...given };
    return store(call, [
      ...Object.entries(texts).filter(([name]) => name !== call.param('locale')),
      [call.param('locale'), merged],
    ]);
  });
  routes.delete('/localization/:locale', change, (call) =>
    store(
      call,
      Object.entries(textsOf(call)).filter(([name]) => name !== call.param('locale')),
    ),
  );
}

function textsOf(call: RealmCall): Readonly<Record<string, unknown>> {
  const texts = call.realm.unsupported['localizationTexts'];
  return isJsonObject(texts) ? texts : {};
}

function store(call: RealmCall, texts: readonly (readonly [string, unknown])[]): Answer {
  const unsupported = { ...call.realm.unsupported, localizationTexts: Object.fromEntries(texts) };
  call.context.state.realms.put({ ...call.realm, unsupported: unsupported as typeof call.realm.unsupported });
  return noContent;
}

/** The `keycloak.json` that adapters of clients read. */
const installation: Parameters<typeof withClient<readonly []>>[0] = (call, client) => {
  if (call.param('provider') !== 'keycloak-oidc-keycloak-json') return notFound('Unknown Provider');
  const document = {
    realm: call.realm.realm,
    'auth-server-url': `${call.context.urls.of(call.request).frontend}/`,
    'ssl-required': call.realm.sslRequired,
    resource: client.clientId,
    ...(client.publicClient ? { 'public-client': true } : {}),
    ...(client.publicClient || client.bearerOnly ? {} : { credentials: { secret: client.secret } }),
    'confidential-port': 0,
  };
  return { status: 200, body: JSON.stringify(document), contentType: 'text/plain' };
};
