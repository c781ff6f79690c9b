import type { Realm } from '../../model/index.ts';
import { type Field, fieldOf } from './field.ts';
import { type Html, html } from './html.ts';
import { type Notice, nameOf, type Page } from './layout.ts';

/** What a person typed, and what was wrong with it, by field name. */
export interface FormState {
  readonly values: Readonly<Record<string, string>>;
  readonly errors: Readonly<Record<string, string>>;
}

export const emptyForm: FormState = { values: {}, errors: {} };

// The summary says how many; each field says what. Focus and reading order lead from one to the other.
function problems(form: FormState): { readonly notice?: Notice } {
  const faults = Object.keys(form.errors).length;
  if (faults === 0) return {};
  return {
    notice: {
      kind: 'error',
      text: faults === 1 ? 'One field needs your attention.' : `${faults} fields need your attention.`,
    },
  };
}

function bound(form: FormState, field: Field): Html {
  const value = form.values[field.name];
  const error = form.errors[field.name];
  return fieldOf({
    ...field,
    ...(value === undefined || field.type === 'password' ? {} : { value }),
    ...(error === undefined ? {} : { error }),
  });
}

/** A new account, where the realm lets people make their own. */
export function registerPage(
  realm: Realm,
  view: {
    readonly action: string;
    readonly loginHref: string;
    readonly fields: readonly Field[];
    readonly form: FormState;
  },
): Page {
  const { action, loginHref, fields, form } = view;
  return {
    title: `Register with ${nameOf(realm)}`,
    heading: 'Register',
    ...problems(form),
    body: html`<form id="kc-register-form" action="${action}" method="post">
${fields.map((field) => bound(form, field))}
${bound(form, { name: 'password', label: 'Password', type: 'password', autocomplete: 'new-password', required: true })}
${bound(form, { name: 'password-confirm', label: 'Confirm password', type: 'password', autocomplete: 'new-password', required: true })}
<button id="kc-register" type="submit">Register</button>
</form>
<p class="below"><a href="${loginHref}">Back to Login</a></p>`,
  };
}

/** Where a mail with a way back in is asked for. */
export function forgotPage(realm: Realm, action: string, loginHref: string, username: string, error?: string): Page {
  return {
    title: `Sign in to ${nameOf(realm)}`,
    heading: 'Forgot Your Password?',
    body: html`<form id="kc-reset-password-form" action="${action}" method="post">
<p class="soft">Enter your username or email address. If we know it, we send you instructions for choosing a new password.</p>
${fieldOf({ name: 'username', label: 'Username or email', autocomplete: 'username', required: true, autofocus: true, value: username, ...(error === undefined ? {} : { error }) })}
<button id="kc-form-buttons" type="submit">Submit</button>
</form>
<p class="below"><a href="${loginHref}">Back to Login</a></p>`,
  };
}

/** A new password, because somebody asked for one or an administrator set the old one. */
export function updatePasswordPage(realm: Realm, action: string, username: string, form: FormState): Page {
  return {
    title: `Sign in to ${nameOf(realm)}`,
    heading: 'Update password',
    ...(Object.keys(form.errors).length > 0
      ? problems(form)
      : { notice: { kind: 'info', text: 'You need to change your password to activate your account.' } }),
    body: html`<form id="kc-passwd-update-form" action="${action}" method="post">
<input type="text" name="username" value="${username}" autocomplete="username" readonly hidden>
${bound(form, { name: 'password-new', label: 'New Password', type: 'password', autocomplete: 'new-password', required: true, autofocus: true })}
${bound(form, { name: 'password-confirm', label: 'Confirm password', type: 'password', autocomplete: 'new-password', required: true })}
<div class="row"><label class="check"><input id="logout-sessions" name="logout-sessions" type="checkbox" value="on" checked> Sign out from other devices</label></div>
<button id="kc-submit" name="login" type="submit">Submit</button>
</form>`,
  };
}

/** The profile fields that the realm wants of its users. */
export function updateProfilePage(realm: Realm, action: string, fields: readonly Field[], form: FormState): Page {
  return {
    title: `Sign in to ${nameOf(realm)}`,
    heading: 'Update Account Information',
    ...(Object.keys(form.errors).length > 0
      ? problems(form)
      : { notice: { kind: 'info', text: 'You need to update your user profile to activate your account.' } }),
    body: html`<form id="kc-update-profile-form" action="${action}" method="post">
${fields.map((field) => bound(form, field))}
<button id="kc-submit" type="submit">Submit</button>
</form>`,
  };
}

/** Waits for a click in a mail. */
export function verifyEmailPage(realm: Realm, email: string, resendAction: string): Page {
  return {
    title: `Sign in to ${nameOf(realm)}`,
    heading: 'Email verification',
    notice: { kind: 'info', text: 'You need to verify your email address to activate your account.' },
    body: html`<p class="instruction">An email with instructions to verify your email address has been sent to your address ${email}.</p>
<form id="kc-verify-email-form" action="${resendAction}" method="post">
<p class="soft">Haven't received it? Look into your spam folder, or have it sent again.</p>
<div class="actions"><button class="plain" name="resend" value="true" type="submit">Send the email again</button></div>
</form>`,
  };
}

/** The realm's terms. */
export function termsPage(realm: Realm, action: string): Page {
  return {
    title: `Sign in to ${nameOf(realm)}`,
    heading: 'Terms and Conditions',
    body: html`<div id="kc-terms-text"><p>Terms and conditions to be defined</p></div>
<form action="${action}" method="post"><div class="actions">
<button name="accept" id="kc-accept" value="true" type="submit">Accept</button>
<button class="plain" name="cancel" id="kc-decline" value="true" type="submit">Decline</button>
</div></form>`,
  };
}
