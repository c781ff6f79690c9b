import type { Realm } from '../../model/index.ts';
import { html } from './html.ts';
import { nameOf, type Page } from './layout.ts';

/** Something cannot go on. `message` is Keycloak's text where people's tests look for it. */
export function errorPage(realm: Realm, message: string): Page {
  return {
    title: `Sign in to ${nameOf(realm)}`,
    heading: 'We are sorry...',
    body: html`<div id="kc-error-message" role="alert"><p class="instruction">${message}</p></div>`,
  };
}

/** Something is done. `link` leads on, if there is anywhere to go. */
export function infoPage(
  realm: Realm,
  heading: string,
  message: string,
  link?: { readonly href: string; readonly text: string },
): Page {
  return {
    title: `Sign in to ${nameOf(realm)}`,
    heading,
    body: html`<div id="kc-info-message" role="status"><p class="instruction">${message}</p>
${link !== undefined && html`<p><a id="kc-continue" href="${link.href}">${link.text}</a></p>`}</div>`,
  };
}

/** The link back to the application that a mail was sent for. */
export function wayBack(redirectUri: string | undefined): { readonly href: string; readonly text: string } | undefined {
  return redirectUri === undefined ? undefined : { href: redirectUri, text: 'Back to Application' };
}
