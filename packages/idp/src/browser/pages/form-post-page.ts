import { createHash } from 'node:crypto';
import { Html, html } from './html.ts';

// OAuth 2.0 Form Post Response Mode §4: the page submits itself. Without scripts the button does it.
const submit = 'document.forms[0].submit()';
const script = new Html(`<script>${submit}</script>`);

/** What the content security policy has to allow for this one page. */
export const formPostPolicy = `; script-src 'sha256-${createHash('sha256').update(submit).digest('base64')}'`;

/** The answer of the authorization endpoint as a form that is posted to the client. */
export function formPostDocument(action: string, fields: readonly (readonly [string, string])[]): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>OIDC Form_Post Response</title></head>
<body><form method="post" action="${action}">
${fields.map(
  ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">
`,
)}<p>Press the button to continue.</p><button name="continue" type="submit">Continue</button>
</form>${script}</body></html>
`.toString();
}
