import type { Realm, User } from '../../model/index.ts';
import { html } from './html.ts';
import { nameOf, type Page } from './layout.ts';

export interface AccountView {
  readonly user: User;
  readonly action: string;
  readonly token: string;
  readonly sessions: readonly {
    readonly id: string;
    readonly current: boolean;
    readonly address: string;
    readonly started: number;
    readonly clients: readonly string[];
  }[];
  readonly grants: readonly { readonly id: string; readonly client: string; readonly started: number }[];
}

const time = (seconds: number): string =>
  `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** What a person may know and end of their own. */
export function accountView(realm: Realm, view: AccountView): Page {
  const { user, action, token } = view;
  const name = [user.firstName, user.lastName].filter((it) => it !== undefined && it !== '').join(' ');
  const button = (
    field: string,
    value: string,
    label: string,
    about: string,
  ) => html`<form action="${action}" method="post">
<input type="hidden" name="token" value="${token}">
<button class="plain small" name="${field}" value="${value}" type="submit" aria-label="${label}: ${about}">${label}</button>
</form>`;
  return {
    title: `Your account at ${nameOf(realm)}`,
    heading: 'Your account',
    wide: true,
    body: html`<dl class="facts">
<dt>Username</dt><dd>${user.username}</dd>
<dt>Name</dt><dd>${name === '' ? 'not given' : name}</dd>
<dt>Email</dt><dd>${user.email ?? 'not given'}${user.email !== undefined && (user.emailVerified ? ' (verified)' : ' (not verified)')}</dd>
</dl>
<h2>Where you are signed in</h2>
${view.sessions.map(
  (it) => html`<div class="entry"><div><p><strong>${it.address}</strong>${it.current && ' (this browser)'}</p>
<p class="hint">since ${time(it.started)}${it.clients.length > 0 && `, used by ${it.clients.join(', ')}`}</p></div>
${button('end-session', it.id, 'Sign out', it.address)}</div>`,
)}
<h2>Applications that act in your absence</h2>
${view.grants.length === 0 && html`<p class="soft">None.</p>`}
${view.grants.map(
  (
    it,
  ) => html`<div class="entry"><div><p><strong>${it.client}</strong></p><p class="hint">since ${time(it.started)}</p></div>
${button('end-grant', it.id, 'Remove access', it.client)}</div>`,
)}`,
  };
}
