import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';

/**
 * A browser for tests: keeps cookies by path, follows no redirect by itself and fills in forms. No script is ever run,
 * which is the point: every page must work like this.
 */

/** One answer, as the tests look at it. */
export interface TestPage {
  readonly status: number;
  readonly url: string;
  readonly location: string;
  readonly html: string;
  readonly headers: IncomingHttpHeaders;
  readonly setCookies: readonly string[];
}

export interface TestBrowser {
  readonly cookies: Map<string, string>;
  get(url: string, headers?: Readonly<Record<string, string>>): Promise<TestPage>;
  post(
    url: string,
    fields: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<TestPage>;
  /** Posts the page's first form: its hidden fields as they are, and these. */
  submit(page: TestPage, fields: Readonly<Record<string, string>>): Promise<TestPage>;
  /** Goes where a redirect of the identity provider itself leads. */
  follow(page: TestPage): Promise<TestPage>;
}

/** A browser without a past. */
export function testBrowser(): TestBrowser {
  const cookies = new Map<string, string>();
  const send = async (
    method: 'GET' | 'POST',
    url: string,
    body: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<TestPage> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const type = method === 'POST' ? { 'content-type': 'application/x-www-form-urlencoded' } : {};
    const sent = { accept: 'text/html', ...type, ...(cookie === '' ? {} : { cookie }), ...headers };
    // Not fetch: it does not let a test choose the Host header, and an attacker can.
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      request(url, { method, headers: sent, agent: false }, resolve).on('error', reject).end(body);
    });
    const setCookies = answer.headers['set-cookie'] ?? [];
    for (const line of setCookies) keep(cookies, line);
    return {
      status: answer.statusCode ?? 0,
      url,
      location: answer.headers.location ?? '',
      html: await text(answer),
      headers: answer.headers,
      setCookies,
    };
  };
  const browser: TestBrowser = {
    cookies,
    get: (url, headers = {}) => send('GET', url, '', headers),
    post: (url, fields, headers = {}) => send('POST', url, new URLSearchParams(fields).toString(), headers),
    submit: (page, fields) => browser.post(actionOf(page), { ...hiddenOf(page), ...fields }),
    follow: (page) => browser.get(page.location),
  };
  return browser;
}

function keep(cookies: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split(';');
  const at = pair.indexOf('=');
  const name = pair.slice(0, at);
  if (attributes.some((it) => /^max-age=0$/i.test(it.trim()))) cookies.delete(name);
  else cookies.set(name, pair.slice(at + 1));
}

/** Where the first form of a page posts to. */
export function actionOf(page: TestPage): string {
  const action = /<form[^>]*\saction="([^"]+)"/.exec(page.html)?.[1];
  if (action === undefined) throw new Error(`no form: ${page.status} ${page.location} ${page.html.slice(-900)}`);
  return new URL(unescape(action), page.url).href;
}

function hiddenOf(page: TestPage): Record<string, string> {
  const first = /<form[\s\S]*?<\/form>/.exec(page.html)?.[0] ?? '';
  const hidden = first.match(/<input[^>]*type="hidden"[^>]*>/g) ?? [];
  return Object.fromEntries(hidden.map((it) => [attribute(it, 'name'), attribute(it, 'value')]));
}

function attribute(tag: string, name: string): string {
  return unescape(new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1] ?? '');
}

/** Text as a reader of the page sees it. */
export function textOfPage(page: TestPage): string {
  const body = page.html.replace(/<style>[\s\S]*?<\/style>/, ' ');
  return unescape(body.replace(/<[^>]*>/g, ' ')).replace(/\s+/g, ' ');
}

function unescape(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
