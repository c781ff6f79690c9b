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
  // Nothing here is cached: the answer is true at once.
  for (const cache of ['realm', 'user', 'keys']) {
    routes.post(`/clear-${cache}-cache`, { needs: may.manageRealm, records: 'none' }, () => noContent);
  }
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
  routes.get(
    '/clients/:client/certificates/:attribute',
    may.viewClients,
    withClient((call, client) => {
      const certificate = client.attributes[`${call.param('attribute')}.certificate`];
      return json(certificate === undefined ? {} : { certificate });
    }),
  );
}

function registerLocalization(routes: RealmRoutes): void {
  const change = { needs: may.manageRealm, records: 'none' } as const;
  routes.get('/localization', may.anything, (call) => json(Object.keys(textsOf(call))));
  routes.get('/localization/:locale', may.anything, (call) => {
    const texts = textsOf(call);
    return json(Object.hasOwn(texts, call.param('locale')) ? texts[call.param('locale')] : {});
  });
  routes.post('/localization/:locale', { ...change, body: anything }, (call, given) =>
    isJsonObject(given)
      ? storeLocale(call, { ...localeOf(call), ...given })
      : refused(400, { error: 'HTTP 400 Bad Request' }),
  );
  routes.get('/localization/:locale/:key', may.anything, (call) => {
    const text = ownText(call);
    return text === undefined
      ? notFound('Localization text not found')
      : { status: 200, body: text, contentType: 'text/plain' };
  });
  routes.put('/localization/:locale/:key', change, (call) => {
    const text = typeof call.request.body === 'string' ? call.request.body : '';
    return storeLocale(call, { ...localeOf(call), [call.param('key')]: text });
  });
  routes.delete('/localization/:locale/:key', change, (call) => {
    if (ownText(call) === undefined) return notFound('Localization text not found');
    const others = Object.entries(localeOf(call)).filter(([name]) => name !== call.param('key'));
    return storeLocale(call, Object.fromEntries(others));
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

function localeOf(call: RealmCall): Readonly<Record<string, unknown>> {
  const texts = textsOf(call);
  const locale = Object.hasOwn(texts, call.param('locale')) ? texts[call.param('locale')] : undefined;
  return isJsonObject(locale) ? locale : {};
}

function ownText(call: RealmCall): string | undefined {
  const texts = localeOf(call);
  const text = Object.hasOwn(texts, call.param('key')) ? texts[call.param('key')] : undefined;
  return typeof text === 'string' ? text : undefined;
}

function storeLocale(call: RealmCall, locale: Readonly<Record<string, unknown>>): Answer {
  const others = Object.entries(textsOf(call)).filter(([name]) => name !== call.param('locale'));
  return store(call, [...others, [call.param('locale'), locale]]);
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
