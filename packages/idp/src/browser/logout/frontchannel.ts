import type { UserSession } from '../../model/index.ts';
import { html } from '../pages/html.ts';
import type { Page } from '../pages/layout.ts';
import type { Visit } from '../visit.ts';

/**
 * The addresses that the browser should load so that applications clear their own cookies (OpenID Connect Front-Channel
 * Logout 1.0): those of clients with the switch on and a `frontchannel.logout.url`.
 */
export function frontchannelUrls(visit: Visit, session: UserSession): readonly string[] {
  return Object.keys(session.clients).flatMap((clientUuid) => {
    const client = visit.context.state.clients.inRealm(visit.realm.id, clientUuid);
    const address = client?.attributes['frontchannel.logout.url'] ?? '';
    if (client?.enabled !== true || !client.frontchannelLogout || !/^https?:\/\//i.test(address)) return [];
    if (!URL.canParse(address)) return [];
    const url = new URL(address);
    if (client.attributes['frontchannel.logout.session.required'] !== 'false') {
      url.searchParams.set('iss', visit.base);
      url.searchParams.set('sid', session.id);
    }
    return [url.href];
  });
}

/** What the policy of that one page has to allow. */
export function framePolicy(urls: readonly string[]): string {
  return `; frame-src ${[...new Set(urls.map((it) => new URL(it).origin))].join(' ')}`;
}

/** Loads the applications' logout addresses and goes on after a moment; without patience there is the link. */
export function frontchannelPage(urls: readonly string[], back: string | undefined): Page {
  return {
    title: 'Logging out',
    heading: 'Logging out',
    ...(back === undefined ? {} : { refresh: { seconds: 2, href: back } }),
    body: html`<p class="instruction">You are logging out from following apps</p>
${urls.map((url) => html`<iframe src="${url}" title="Logout of ${new URL(url).host}" hidden></iframe>`)}
<ul class="scopes">${urls.map((url) => html`<li>${new URL(url).host}</li>`)}</ul>
${back === undefined ? html`<p>You are logged out</p>` : html`<p><a id="continue" href="${back}">Continue</a></p>`}`,
  };
}
