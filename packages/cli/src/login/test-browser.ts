import { request } from 'node:http';

/** What a browser shows. */
export interface Shown {
  readonly status: number;
  /** The public address. */
  readonly url: string;
  readonly headers: Headers;
  readonly html: string;
}

/**
 * A browser for tests: keeps cookies by public host, as browsers do (`Secure` to https only, `Max-Age=0` removes), follows
 * redirects, fills in forms, and says where its requests come from. `served` leads a public origin to where it is here.
 */
export interface TestBrowser {
  readonly visit: (address: string, headers?: Readonly<Record<string, string>>) => Promise<Shown>;
  /** One request without following. */
  readonly step: (address: string, init?: StepOptions) => Promise<Shown & { readonly next: string | undefined }>;
  /** Sends the first form of a page whose action fits, with these fields over its own hidden ones. */
  readonly submit: (page: Shown, action: RegExp, fields?: Readonly<Record<string, string>>) => Promise<Shown>;
  readonly cookies: (host: string) => Map<string, string>;
}

export interface StepOptions {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function openTestBrowser(served: Readonly<Record<string, string>>): TestBrowser {
  const jars = new Map<string, Map<string, string>>();
  const jarOf = (host: string): Map<string, string> => {
    const jar = jars.get(host) ?? new Map<string, string>();
    jars.set(host, jar);
    return jar;
  };
  const step: TestBrowser['step'] = async (address, init = {}) => {
    const url = new URL(address);
    const jar = jarOf(url.host);
    const at = served[url.origin] ?? url.origin;
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await send(`${at}${url.pathname}${url.search}`, {
      ...init,
      // Node's fetch would say that a script asks.
      headers: {
        accept: 'text/html',
        'sec-fetch-mode': 'navigate',
        ...(cookie === '' ? {} : { cookie }),
        ...init.headers,
      },
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/max-age=0/i.test(line) || value === '') jar.delete(name);
      else if (url.protocol === 'https:' || !/; *secure/i.test(line)) jar.set(name, value);
    }
    const location = answer.headers.get('location');
    const next =
      answer.status >= 300 && answer.status < 400 && location !== null ? new URL(location, url).href : undefined;
    return { status: answer.status, url: url.href, headers: answer.headers, html: answer.text, next };
  };
  const follow = async (first: Awaited<ReturnType<TestBrowser['step']>>): Promise<Shown> => {
    let page = first;
    for (let hops = 0; page.next !== undefined; hops += 1) {
      if (hops > 10) throw new Error(`too many redirects, the last to ${page.next}`);
      page = await step(page.next);
    }
    return page;
  };
  return {
    step,
    cookies: jarOf,
    visit: async (address, headers = {}) => follow(await step(address, { headers })),
    async submit(page, action, fields = {}) {
      for (const [, attributes = '', content = ''] of page.html.matchAll(/<form([^>]*)>(.*?)<\/form>/gs)) {
        const to = /action="([^"]*)"/.exec(attributes)?.[1]?.replaceAll('&amp;', '&') ?? '';
        if (!action.test(to) || !Object.entries(fields).every(([name]) => content.includes(`name="${name}"`))) continue;
        const form = new URLSearchParams();
        for (const [input] of content.matchAll(/<input[^>]*>/g)) {
          const name = /name="([^"]*)"/.exec(input)?.[1];
          if (name !== undefined) form.set(name, /value="([^"]*)"/.exec(input)?.[1] ?? '');
        }
        for (const [name, value] of Object.entries(fields)) form.set(name, value);
        const target = new URL(to, page.url);
        const headers = {
          'content-type': 'application/x-www-form-urlencoded',
          origin: new URL(page.url).origin,
          'sec-fetch-site': 'same-origin',
        };
        return follow(await step(target.href, { method: 'POST', body: form.toString(), headers }));
      }
      throw new Error(`no form for ${action} on ${page.url}: ${page.html.slice(0, 500)}`);
    },
  };
}

function send(
  url: string,
  { method = 'GET', body, headers = {} }: StepOptions,
): Promise<{ status: number; headers: Headers; text: string }> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const asked = request(url, { method, headers: { ...headers, ...length } }, (answer) => {
      const given = new Headers();
      for (const [name, values] of Object.entries(answer.headersDistinct)) {
        for (const value of values ?? []) given.append(name, value);
      }
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: given, text }));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
