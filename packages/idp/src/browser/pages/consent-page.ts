import type { Realm } from '../../model/index.ts';
import { html } from './html.ts';
import { nameOf, type Page } from './layout.ts';

/** What a client asks for, in words, for the person to grant or deny. */
export interface ConsentPage {
  readonly action: string;
  readonly code: string;
  readonly client: string;
  readonly scopes: readonly string[];
  /** The code that the person's device shows, for comparing (RFC 8628 §5.4). */
  readonly userCode?: string;
}

export function consentPage(realm: Realm, view: ConsentPage): Page {
  return {
    title: `Grant Access to ${view.client}`,
    heading: `Grant Access to ${view.client}`,
    body: html`<div id="kc-oauth">
${view.userCode !== undefined && html`<p>Only go on if your device shows the code <strong>${view.userCode}</strong>.</p>`}
<p>Do you grant these access privileges?</p>
<ul class="scopes">${view.scopes.map((it) => html`<li>${it}</li>`)}</ul>
<p class="soft">You sign in with your account at ${nameOf(realm)}. ${view.client} never sees your password.</p>
<form action="${view.action}" method="post">
<input type="hidden" name="code" value="${view.code}">
<div class="actions">
<button name="accept" id="kc-login" value="Yes" type="submit">Yes</button>
<button class="plain" name="cancel" id="kc-cancel" value="No" type="submit">No</button>
</div>
</form></div>`,
  };
}
