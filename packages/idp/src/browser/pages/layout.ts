import type { Realm } from '../../model/index.ts';
import { Html, html } from './html.ts';
import { style } from './style.ts';

/** A word to the reader above a form: what went wrong, what was done, what to do. */
export interface Notice {
  readonly kind: 'error' | 'info' | 'success';
  readonly text: string;
}

/** One page: everything that differs from one to the next. */
export interface Page {
  readonly title: string;
  readonly heading: string;
  readonly notice?: Notice;
  readonly body: Html;
  /** Where the page goes on to by itself. */
  readonly refresh?: { readonly seconds: number; readonly href: string };
  /** For lists rather than forms. */
  readonly wide?: boolean;
}

/** The name that people see for a realm. */
export function nameOf(realm: Realm): string {
  return realm.displayName === undefined || realm.displayName === '' ? realm.realm : realm.displayName;
}

const mark = html`<svg viewBox="0 0 28 28" aria-hidden="true" focusable="false"><rect width="28" height="28" rx="7" fill="currentColor"/><circle cx="10.5" cy="14" r="4.25" fill="none" stroke="var(--card)" stroke-width="2.25"/><path d="M14.75 14H23M20 14v4" fill="none" stroke="var(--card)" stroke-width="2.25" stroke-linecap="round"/></svg>`;

// The style sheet holds no value of anybody's; it goes in unescaped so that its hash holds.
const sheet = new Html(`<style>${style}</style>`);
const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 28 28'%3E%3Crect width='28' height='28' rx='7' fill='%230a6356'/%3E%3Ccircle cx='10.5' cy='14' r='4.25' fill='none' stroke='white' stroke-width='2.25'/%3E%3Cpath d='M14.75 14H23M20 14v4' fill='none' stroke='white' stroke-width='2.25' stroke-linecap='round'/%3E%3C/svg%3E";

/** The whole document. Works without a script; Keycloak's ids stay, because people's test drivers look for them. */
export function renderPage(owner: string, page: Page): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex, nofollow">
${page.refresh !== undefined && html`<meta http-equiv="refresh" content="${page.refresh.seconds};url=${page.refresh.href}">`}
<title>${page.title}</title>
<link rel="icon" href="${icon}">
${sheet}
</head>
<body id="keycloak-bg">
<main id="kc-content"${page.wide === true && html` class="wide"`}>
<p class="realm" id="kc-header-wrapper">${mark}<span>${owner}</span></p>
<div class="card">
<h1 id="kc-page-title">${page.heading}</h1>
${page.notice !== undefined && noticeOf(page.notice)}
${page.body}
</div>
</main>
<footer>Keyturn identity provider for development and tests</footer>
</body>
</html>
`.toString();
}

// `input-error` is what drivers read after a failed login; fields point to it by aria-describedby.
function noticeOf(notice: Notice): Html {
  return notice.kind === 'error'
    ? html`<div class="notice error" role="alert"><span id="input-error">${notice.text}</span></div>`
    : html`<div class="notice ${notice.kind}" role="status"><span class="kc-feedback-text">${notice.text}</span></div>`;
}
