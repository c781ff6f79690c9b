import type { Subject } from './subject.ts';

/** What a token endpoint answered. */
export interface TokenAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** The seeds' `curl -d a=b -d c=d …/token`. */
export async function tokenRequest(
  { url, fetch }: Subject,
  realm: string,
  form: Readonly<Record<string, string>>,
): Promise<TokenAnswer> {
  const answer = await fetch(`${url}/realms/${realm}/protocol/openid-connect/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  });
  if (!answer.ok) throw new Error(answer.refusal.why);
  return { status: answer.value.status, body: JSON.parse(answer.value.text()) as Record<string, unknown> };
}

/** The access token, or what was said instead. */
export async function accessToken(
  subject: Subject,
  realm: string,
  form: Readonly<Record<string, string>>,
): Promise<string> {
  const { status, body } = await tokenRequest(subject, realm, form);
  const { access_token: token } = body;
  if (typeof token !== 'string') throw new Error(`${status} ${JSON.stringify(body)}`);
  return token;
}

/** `cut -d. -f2 | base64 -d` */
export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>;
}

export function exchangeForm(
  clientId: string,
  secret: string,
  subjectToken: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    client_id: clientId,
    client_secret: secret,
    subject_token: subjectToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    ...more,
  };
}

/** A person's login by browser: the page, its form, the code, the token. */
export async function logInByBrowser(
  { url }: Subject,
  realm: string,
  client: { readonly id: string; readonly secret: string; readonly redirectUri: string },
  user: { readonly username: string; readonly password: string },
): Promise<Record<string, unknown>> {
  const endpoint = `${url}/realms/${realm}/protocol/openid-connect`;
  const query = new URLSearchParams({
    client_id: client.id,
    redirect_uri: client.redirectUri,
    response_type: 'code',
    scope: 'openid',
  });
  const page = await fetch(`${endpoint}/auth?${query.toString()}`, { redirect: 'manual' });
  // Keycloak marks its cookies Secure even over http, so no jar would send them back: they are passed on by hand.
  const cookie = page.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  const action = /action="([^"]+)"/.exec(await page.text())?.[1]?.replaceAll('&amp;', '&');
  if (action === undefined) throw new Error(`no login form (${page.status})`);
  const sent = await fetch(action, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie },
    body: new URLSearchParams({ ...user, credentialId: '' }),
  });
  const code = URL.parse(sent.headers.get('location') ?? '')?.searchParams.get('code');
  if (code === null || code === undefined) throw new Error(`no code (${sent.status})`);
  const answer = await fetch(`${endpoint}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: client.redirectUri,
      client_id: client.id,
      client_secret: client.secret,
    }),
  });
  return (await answer.json()) as Record<string, unknown>;
}
