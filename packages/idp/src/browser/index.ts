/**
 * What people see of the identity provider: the authorization endpoint and the pages that stand between it and a code,
 * logout, device login, mails and the account page. The model, tokens and client authentication come from elsewhere;
 * here is who sits at the browser, and what they agreed to.
 *
 * A request becomes a `Visit`. A login is a `Ticket` (`login/ticket.ts`), bound to the browser by a cookie; `advance`
 * leads it from step to step and `finishLogin` to its goal. All markup goes through `pages/html.ts`, which escapes.
 */
import type { App, IdpContext } from '../context.ts';
import { sendPlainStatus } from '../http/answers.ts';
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
import { cookieCheckIframe, statusIframe, statusIframeInit } from './session-check/iframes.ts';
import { type BrowserContext, type VisitHandler, withVisit } from './visit.ts';

/** Mounts what people see: authorization, login and other pages, end-session, device, the account's e-mail actions. */
export function registerBrowser(app: App, context: BrowserContext): void {
  const route = (path: string, handlers: { readonly get?: VisitHandler; readonly post?: VisitHandler }): void => {
    const url = `/realms/:realm/${path}`;
    const refused = ['PUT', 'DELETE', 'PATCH'];
    if (handlers.get === undefined) refused.push('GET');
    else app.get(url, withVisit(context, handlers.get));
    if (handlers.post === undefined) refused.push('POST');
    else app.post(url, withVisit(context, handlers.post));
    app.route({ method: refused, url, handler: (_request, reply) => sendPlainStatus(reply, 405) });
  };
  const oidc = 'protocol/openid-connect';
  route(`${oidc}/auth`, { get: authorize, post: authorize });
  route(`${oidc}/registrations`, { get: authorizeRegistration });
  route(`${oidc}/auth/device`, { post: deviceAuthorization });
  route(`${oidc}/logout`, { get: endSessionEndpoint, post: endSessionEndpoint });
  route(`${oidc}/logout/logout-confirm`, { post: confirmLogout });

  route(`${oidc}/login-status-iframe.html`, { get: statusIframe });
  route(`${oidc}/login-status-iframe.html/init`, { get: statusIframeInit });
  route(`${oidc}/3p-cookies/step1.html`, { get: cookieCheckIframe });

  route('login-actions/authenticate', { get: showAuthenticate, post: postAuthenticate });
  route('login-actions/registration', { get: showRegistration, post: postRegistration });
  route('login-actions/reset-credentials', { get: showForgot, post: postForgot });
  route('login-actions/required-action', { get: showRequiredAction, post: postRequiredAction });
  route('login-actions/consent', { post: postConsent });
  route('login-actions/restart', { get: restart });
  route('login-actions/action-token', { get: showActionToken, post: postActionToken });

  route('device', { get: showDevice, post: postDevice });
  route('device/status', { get: deviceStatus });
  route('account', { get: accountPage });
  route('account/', { get: accountPage, post: postAccount });
  registerDevMail(app, context.mailer);
}

/** The grants that need the pages: `authorization_code` and the device code. */
export function browserGrants(context: IdpContext): Grants {
  return {
    authorization_code: authorizationCodeGrant(context),
    'urn:ietf:params:oauth:grant-type:device_code': deviceCodeGrant(context),
  };
}
