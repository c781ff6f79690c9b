import { type RealmRepresentation } from '@keyturn/realm';
import { startTestIdp, type TestIdp, type TestIdpOptions } from '../testing/index.ts';
import { actionOf, type TestBrowser, type TestPage, testBrowser } from './test-browser.ts';

/** Where the test's applications wait for their codes. Nothing listens there: the tests read the redirect. */
export const callback = 'http://localhost:3000/callback';

const client = { enabled: true, redirectUris: [callback], standardFlowEnabled: true, protocol: 'openid-connect' };

/** A realm `demo` with a confidential client `app`, a public one `spa` that must use PKCE, and the user `ada`. */
export function demoRealm(settings: Partial<RealmRepresentation> = {}, name = 'demo'): RealmRepresentation {
  return {
    realm: name,
    enabled: true,
    clients: [
      { ...client, clientId: 'app', secret: 'app-secret', publicClient: false },
      { ...client, clientId: 'spa', publicClient: true, attributes: { 'pkce.code.challenge.method': 'S256' } },
      {
        ...client,
        clientId: 'asks',
        secret: 'asks-secret',
        publicClient: false,
        consentRequired: true,
        name: 'Asking <App>',
      },
      {
        ...client,
        clientId: 'tv',
        publicClient: true,
        attributes: { 'oauth2.device.authorization.grant.enabled': 'true' },
      },
    ],
    users: [
      {
        username: 'ada',
        enabled: true,
        email: 'ada@example.com',
        emailVerified: true,
        firstName: 'Ada',
        lastName: 'Lovelace',
        realmRoles: [`default-roles-${name}`],
        credentials: [{ type: 'password', value: 'ada-pw' }],
      },
      {
        username: 'bob',
        enabled: true,
        email: 'bob@example.com',
        emailVerified: true,
        firstName: 'Bob',
        lastName: 'Noyce',
        credentials: [{ type: 'password', value: 'bob-pw' }],
      },
    ],
    ...settings,
  };
}

/** An identity provider with that realm. */
export async function startDemo(
  settings: Partial<RealmRepresentation> = {},
  options: TestIdpOptions = {},
): Promise<TestIdp> {
  return await startTestIdp({ demo: demoRealm(settings) }, options);
}

let realms = 0;

/**
 * Such a realm of its own in an identity provider that is there already, which is ten times cheaper than another one.
 * Whatever the test asks of `demo` goes to this realm.
 */
export async function addDemo(idp: TestIdp, settings: Partial<RealmRepresentation> = {}): Promise<TestIdp> {
  realms += 1;
  const name = `demo-${realms}`;
  const imported = await idp.importRealm(demoRealm(settings, name));
  if (!imported.ok) throw new Error(JSON.stringify(imported.refusal));
  return {
    ...idp,
    issuer: () => idp.issuer(name),
    tokenAnswer: (_demo, form) => idp.tokenAnswer(name, form),
    token: (_demo, form) => idp.token(name, form),
  };
}

/** The address of an authorization request of the client `app`. */
export function authorizeUrl(idp: TestIdp, parameters: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({
    client_id: 'app',
    redirect_uri: callback,
    response_type: 'code',
    scope: 'openid',
    state: 'st',
    ...parameters,
  });
  return `${idp.issuer('demo')}/protocol/openid-connect/auth?${query.toString()}`;
}

/** Signs somebody in and returns the last answer: usually the redirect with the code. */
export async function signIn(
  idp: TestIdp,
  browser: TestBrowser = testBrowser(),
  parameters: Readonly<Record<string, string>> = {},
  user: { readonly username: string; readonly password: string } = { username: 'ada', password: 'ada-pw' },
): Promise<TestPage> {
  const page = await browser.get(authorizeUrl(idp, parameters));
  return page.status === 302 ? page : await browser.submit(page, user);
}

/** A parameter of a redirect. */
export function parameterOf(page: TestPage, name: string): string {
  if (page.location === '') throw new Error(`no redirect: ${page.status} ${page.html.slice(-600)}`);
  return new URL(page.location).searchParams.get(name) ?? '';
}

/** Trades a code of the client `app` for tokens. */
export async function redeem(
  idp: TestIdp,
  code: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Awaited<ReturnType<TestIdp['tokenAnswer']>>> {
  return await idp.tokenAnswer('demo', {
    grant_type: 'authorization_code',
    client_id: 'app',
    client_secret: 'app-secret',
    redirect_uri: callback,
    code,
    ...more,
  });
}

interface KeptMail {
  readonly realm: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly links: readonly string[];
}

/** The mails that the realm's users would have got, newest first. */
export async function mailsOf(idp: TestIdp): Promise<readonly KeptMail[]> {
  const answer = await fetch(`${idp.url}/dev/mail.json`);
  const mails = (await answer.json()) as readonly KeptMail[];
  return mails.filter((it) => idp.issuer('demo').endsWith(`/${it.realm}`));
}

/** The link in the newest mail. */
export async function latestLink(idp: TestIdp): Promise<string> {
  return (await mailsOf(idp))[0]?.links[0] ?? '';
}

/** Realm users with one person `eve`, complete but for what the test changes. */
export function userEve(more: object): NonNullable<RealmRepresentation['users']> {
  return [
    {
      username: 'eve',
      enabled: true,
      email: 'eve@example.com',
      emailVerified: true,
      firstName: 'Eve',
      lastName: 'Moneypenny',
      credentials: [{ type: 'password', value: 'eve-pw' }],
      ...more,
    },
  ];
}

/** What `eve` types. */
export const eve = { username: 'eve', password: 'eve-pw' };

/** The address of another step of the login that a page belongs to. */
export function siblingOf(page: TestPage, step: string): string {
  const url = new URL(actionOf(page));
  url.pathname = url.pathname.replace(/[^/]+$/, step);
  url.searchParams.delete('session_code');
  return url.href;
}

/** A redirect to the client with a code. */
export const withCode = /^http:\/\/localhost:3000\/callback\?state=st&session_state=[^&]+&iss=[^&]+&code=/;
