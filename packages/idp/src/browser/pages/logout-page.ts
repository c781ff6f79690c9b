import { html } from './html.ts';
import type { Page } from './layout.ts';

/** Asks before a logout that no client vouched for: else any page could log people out. */
export function logoutPage(action: string, sessionCode: string): Page {
  return {
    title: 'Logging out',
    heading: 'Logging out',
    body: html`<div id="kc-logout-confirm">
<p class="instruction">Do you want to log out?</p>
<form action="${action}" method="post">
<input type="hidden" name="session_code" value="${sessionCode}">
<button name="confirmLogout" id="kc-logout" value="Logout" type="submit">Logout</button>
</form></div>`,
  };
}
