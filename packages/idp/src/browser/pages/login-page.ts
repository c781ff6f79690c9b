import type { Realm } from '../../model/index.ts';
import { fieldOf } from './field.ts';
import { html } from './html.ts';
import { type Notice, nameOf, type Page } from './layout.ts';

export interface LoginPage {
  readonly action: string;
  readonly notice?: Notice;
  readonly username?: string;
  /** Whose password is asked again; the user name is then fixed. */
  readonly reauthenticating?: { readonly username: string; readonly restartHref: string };
  readonly rememberMe: boolean;
  readonly registerHref?: string;
  readonly forgotHref?: string;
}

/** User name and password, with Keycloak's form and field names in Keycloak's order. */
export function loginPage(realm: Realm, view: LoginPage): Page {
  const failed = view.notice?.kind === 'error';
  const known = view.reauthenticating;
  return {
    title: `Sign in to ${nameOf(realm)}`,
    heading: 'Sign in to your account',
    ...(view.notice === undefined ? {} : { notice: view.notice }),
    body: html`<form id="kc-form-login" action="${view.action}" method="post">
${
  known === undefined
    ? fieldOf({
        name: 'username',
        label: realm.loginWithEmailAllowed ? 'Username or email' : 'Username',
        autocomplete: 'username',
        required: true,
        blamed: failed,
        autofocus: view.username === undefined,
        ...(view.username === undefined ? {} : { value: view.username }),
      })
    : html`<p id="kc-attempted-username">Confirm that it is you: <strong>${known.username}</strong></p>`
}
${fieldOf({
  name: 'password',
  label: 'Password',
  type: 'password',
  autocomplete: 'current-password',
  required: true,
  blamed: failed,
  autofocus: known !== undefined || view.username !== undefined,
})}
<div class="row">
${realm.rememberMe && known === undefined && html`<label class="check"><input id="rememberMe" name="rememberMe" type="checkbox"${view.rememberMe && html` checked`}> Remember me</label>`}
${view.forgotHref !== undefined && html`<a id="kc-forgot-password" href="${view.forgotHref}">Forgot Password?</a>`}
</div>
<input type="hidden" id="id-hidden-input" name="credentialId" value="">
<button name="login" id="kc-login" type="submit">Sign In</button>
</form>
${known !== undefined && html`<p class="below"><a id="reset-login" href="${known.restartHref}">Use another account</a></p>`}
${known === undefined && view.registerHref !== undefined && html`<p class="below" id="kc-registration">New user? <a href="${view.registerHref}">Register</a></p>`}`,
  };
}
