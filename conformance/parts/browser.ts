/** What a browser shows at the end of a way. */
export interface Page {
  readonly status: number;
  readonly url: string;
  readonly html: string;
}

/**
 * Opens an address as a browser would: follows redirects, keeps cookies, and on the way fills in a login form and says yes
 * where leave is asked for. `rewrite` leads a public address to where it is served here.
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
  let page = await visit(start);
  // A login, perhaps a leave: nobody is asked for more.
  for (let i = 0; i < 3; i++) {
    const form = /<form[^>]*action="([^"]+)"[^]*?<\/form>/.exec(page.html);
    const answers = form === null ? undefined : answersTo(form[0], user);
    if (form === null || answers === undefined) return page;
    page = await visit(new URL(unescapeHtml(form[1] ?? ''), page.url).href, answers);
  }
  return page;
}

/** What this user types into a form; undefined where it asks for something else. */
function answersTo(
  form: string,
  user: { readonly username: string; readonly password: string },
): URLSearchParams | undefined {
  if (form.includes('name="password"')) return new URLSearchParams({ ...user, credentialId: '' });
  if (!form.includes('name="accept"')) return undefined;
  const code = /name="code" value="([^"]*)"/.exec(form)?.[1];
  return new URLSearchParams({ ...(code === undefined ? {} : { code: unescapeHtml(code) }), accept: 'Yes' });
}

function unescapeHtml(text: string): string {
  return text.replaceAll('&amp;', '&');
}
