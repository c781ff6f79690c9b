import type { FastifyReply } from 'fastify';
import { sendPage } from '../http/send-page.ts';
import type { Notice } from '../pages/layout.ts';
import { loginPage } from '../pages/login-page.ts';
import type { Visit } from '../visit.ts';
import { formAction, stepHref } from './links.ts';
import type { OpenTicket } from './ticket.ts';

/** The id of the one authentication step; Keycloak's are random. */
export const passwordStep = 'username-password';

/** Shows the login form of a login under way. */
export function showLogin(
  visit: Visit,
  open: OpenTicket,
  shown: { readonly notice?: Notice; readonly username?: string; readonly rememberMe?: boolean } = {},
): FastifyReply {
  const { realm, context } = visit;
  const { reauthenticating, goal } = open.ticket;
  const known = reauthenticating === undefined ? undefined : context.state.users.inRealm(realm.id, reauthenticating);
  const hint = goal.kind === 'code' ? goal.request.loginHint : undefined;
  const username = shown.username ?? hint;
  return sendPage(
    visit.reply,
    realm,
    loginPage(realm, {
      action: formAction(visit, open, 'authenticate', passwordStep),
      rememberMe: shown.rememberMe ?? open.ticket.rememberMe,
      ...(shown.notice === undefined ? {} : { notice: shown.notice }),
      ...(username === undefined ? {} : { username }),
      ...(known === undefined
        ? {}
        : { reauthenticating: { username: known.username, restartHref: stepHref(visit, open, 'restart') } }),
      ...(realm.registrationAllowed ? { registerHref: stepHref(visit, open, 'registration') } : {}),
      ...(realm.resetPasswordAllowed ? { forgotHref: stepHref(visit, open, 'reset-credentials') } : {}),
    }),
  );
}
