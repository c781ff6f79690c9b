import type { Realm } from '../../model/index.ts';
import { fieldOf } from './field.ts';
import { html } from './html.ts';
import { nameOf, type Page } from './layout.ts';

/** Where a person types the code that a device shows (RFC 8628 §3.3). */
export function devicePage(realm: Realm, action: string, error?: string): Page {
  return {
    title: `Sign in to ${nameOf(realm)}`,
    heading: 'Device Login',
    ...(error === undefined ? {} : { notice: { kind: 'error', text: error } }),
    body: html`<form id="kc-user-verify-device-user-code-form" action="${action}" method="post">
${fieldOf({
  name: 'device_user_code',
  id: 'device-user-code',
  label: 'Enter the code provided by your device',
  hint: 'Two groups of four letters, such as WDJB-MJHT.',
  className: 'code',
  autocomplete: 'off',
  required: true,
  autofocus: true,
  blamed: error !== undefined,
})}
<button id="kc-login" type="submit">Submit</button>
</form>`,
  };
}
