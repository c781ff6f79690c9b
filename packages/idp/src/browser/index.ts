/**
 * What people see of the identity provider: the authorization endpoint and the pages that stand between it and a code,
 * logout, device login, mails and the account page. The model, tokens and client authentication come from elsewhere;
 * here is who sits at the browser, and what they agreed to.
 *
 * A request becomes a `Visit`. A login is a `Ticket` (`login/ticket.ts`), bound to the browser by a cookie; `advance`
 * leads it from step to step and `finishLogin` to its goal. All markup goes through `pages/html.ts`, which escapes.
 */
import type { App, IdpContext } from '../context.ts';
import type { Grants } from '../protocol/grants.ts';
import { accountPage, postAccount } from './account/account.ts';
import { authorizationCodeGrant } from './authorize/code-grant.ts';
import { authorize, authorizeRegistration } from './authorize/endpoint.ts';
import { deviceAuthorization } from './device/authorization-endpoint.ts';
import { deviceCodeGrant } from './device/device-grant.ts';
import { deviceStatus, postDevice, showDevice } from './device/verification.ts';
import { postActionToken, showActionToken } from './login/action-token.ts';
import { postAuthenticate, showAuthenticate } from './login/authenticate.ts';
import { postForgot, showForgot } from './login/forgot.ts';
import { postRegistration, showRegistration } from './login/register.ts';
import { postRequiredAction, showRequiredAction } from './login/required-action.ts';
import { restart } from './login/restart.ts';
import { postConsent } from './login/show-consent.ts';
import { confirmLogout, endSessionEndpoint } from './logout/endpoint.ts';
import { registerDevMail } from './mail/dev-mail.ts';
import { type BrowserContext, type VisitHandler, withVisit } from './visit.ts';

/** Mounts what people see: authorization, login and other pages, end-session, device, the account's e-mail actions. */
export function registerBrowser(app: App, context: BrowserContext): void {
  const get = (path: string, handler: VisitHandler): void => {
    app.get(`/realms/:realm/${path}`, withVisit(context, handler));
  };
  const post = (path: string, handler: VisitHandler): void => {
    app.post(`/realms/:realm/${path}`, withVisit(context, handler));
  };
  get('protocol/openid-connect/auth', authorize);
  post('protocol/openid-connect/auth', authorize);
  get('protocol/openid-connect/registrations', authorizeRegistration);
  post('protocol/openid-connect/auth/device', deviceAuthorization);
  get('protocol/openid-connect/logout', endSessionEndpoint);
  post('protocol/openid-connect/logout', endSessionEndpoint);
  post('protocol/openid-connect/logout/logout-confirm', confirmLogout);

  get('login-actions/authenticate', showAuthenticate);
  post('login-actions/authenticate', postAuthenticate);
  get('login-actions/registration', showRegistration);
  post('login-actions/registration', postRegistration);
  get('login-actions/reset-credentials', showForgot);
  post('login-actions/reset-credentials', postForgot);
  get('login-actions/required-action', showRequiredAction);
  post('login-actions/required-action', postRequiredAction);
  post('login-actions/consent', postConsent);
  get('login-actions/restart', restart);
  get('login-actions/action-token', showActionToken);
  post('login-actions/action-token', postActionToken);

  get('device', showDevice);
  post('device', postDevice);
  get('device/status', deviceStatus);
  get('account', accountPage);
  get('account/', accountPage);
  post('account/', postAccount);
  registerDevMail(app, context.mailer);
}

/** The grants that need the pages: `authorization_code` and the device code. */
export function browserGrants(context: IdpContext): Grants {
  return {
    authorization_code: authorizationCodeGrant(context),
    'urn:ietf:params:oauth:grant-type:device_code': deviceCodeGrant(context),
  };
}
