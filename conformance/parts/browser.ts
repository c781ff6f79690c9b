/** What a browser shows at the end of a way. */
export interface Page {
  readonly status: number;
  readonly url: string;
  readonly html: string;
}

/**
 * Opens an address as a browser would: follows redirects, keeps cookies, and fills in one login form on the way. `rewrite`
 * leads a public address to where it is served here.
 */
export async function logInInBrowser(
  start: string,
  user: { readonly username: string; readonly password: string },
  rewrite: (address: string) => string = (address) => address,
): Promise<Page> {
  const jars = new Map<string, Map<string, string>>();
  const visit = async (address: string, form?: URLSearchParams): Promise<Page> => {
    const url = rewrite(address);
    const { origin } = new URL(url);
    const jar = jars.get(origin) ?? new Map<string, string>();
    jars.set(origin, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, {
      redirect: 'manual',
      headers: { cookie },
      ...(form === undefined ? {} : { method: 'POST', body: form }),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      jar.set(name, value);
    }
    const location = answer.headers.get('location');
    if (answer.status >= 300 && answer.status < 400 && location !== null) return visit(new URL(location, url).href);
    return { status: answer.status, url, html: await answer.text() };
  };
  const page = await visit(start);
  const action = /<form[^>]*action="([^"]+)"/.exec(page.html)?.[1]?.replaceAll('&amp;', '&');
  if (action === undefined) return page;
  return visit(new URL(action, page.url).href, new URLSearchParams({ ...user, credentialId: '' }));
}
