import { unreachable } from '@keyturn/protocol';
import type { FastifyReply } from 'fastify';
import { formOf, queryOf } from '../../http/form.ts';
import { type Realm, type User, updateUser } from '../../model/index.ts';
import { sendPage } from '../http/send-page.ts';
import { endSession } from '../logout/end-session.ts';
import { sendActionMail } from '../mail/action-mails.ts';
import {
  emptyForm,
  type FormState,
  termsPage,
  updatePasswordPage,
  updateProfilePage,
  verifyEmailPage,
} from '../pages/account-forms.ts';
import type { Page } from '../pages/layout.ts';
import { report, type Visit } from '../visit.ts';
import { advance, userOf } from './advance.ts';
import { restartLogin, tabOf } from './begin.ts';
import { denyLogin } from './deny.ts';
import { formAction } from './links.ts';
import { nextStep, type Step } from './next-step.ts';
import { checkNewPassword, setPassword } from './password-policy.ts';
import {
  checkProfile,
  clashText,
  formState,
  profileFields,
  profileOf,
  readProfile,
  withProfile,
} from './profile-form.ts';
import { showConsent } from './show-consent.ts';
import { changeTicket, findTicket, isSessionCode, type OpenTicket } from './ticket.ts';

/** `GET login-actions/required-action`: the page of whatever step is next. The address's `execution` is only a name. */
export async function showRequiredAction(visit: Visit): Promise<FastifyReply> {
  const open = findTicket(visit, tabOf(visit));
  const user = open === undefined ? undefined : userOf(visit, open);
  if (open === undefined || user === undefined) return await restartLogin(visit);
  const step = nextStep(visit, open.client, open.ticket, user);
  if (step === undefined || typeof step === 'object') return await advance(visit, open);
  return await showStep(visit, open, user, step);
}

/** `POST login-actions/required-action`: does the step, if it is the one that the posted page was for. */
export async function postRequiredAction(visit: Visit): Promise<FastifyReply> {
  const open = findTicket(visit, tabOf(visit));
  const user = open === undefined ? undefined : userOf(visit, open);
  const query = queryOf(visit.request);
  if (open === undefined || user === undefined || !isSessionCode(open, query.get('session_code')))
    return await restartLogin(visit);
  const step = nextStep(visit, open.client, open.ticket, user);
  if (step === undefined || typeof step === 'object' || query.get('execution') !== step)
    return await advance(visit, open);
  switch (step) {
    case 'TERMS_AND_CONDITIONS':
      return await acceptTerms(visit, open, user);
    case 'UPDATE_PASSWORD':
      return await updatePassword(visit, open, user);
    case 'UPDATE_PROFILE':
    case 'VERIFY_PROFILE':
      return await updateProfile(visit, open, user, step);
    case 'VERIFY_EMAIL':
      return await showStep(visit, changeTicket(visit, open, { mailedTo: '' }), user, step);
    case 'OAUTH_GRANT':
      return showConsent(visit, open, user);
  }
  return unreachable(step);
}

async function showStep(
  visit: Visit,
  open: OpenTicket,
  user: User,
  step: Step,
  form?: FormState,
): Promise<FastifyReply> {
  const { realm, reply } = visit;
  const action = formAction(visit, open, 'required-action', step);
  switch (step) {
    case 'TERMS_AND_CONDITIONS':
      return sendPage(reply, realm, termsPage(realm, action));
    case 'UPDATE_PASSWORD':
      return sendPage(reply, realm, updatePasswordPage(realm, action, user.username, form ?? emptyForm));
    case 'UPDATE_PROFILE':
    case 'VERIFY_PROFILE':
      return sendPage(reply, realm, profilePage(realm, action, user, form));
    case 'VERIFY_EMAIL': {
      const email = user.email ?? '';
      if (open.ticket.mailedTo !== email) {
        changeTicket(visit, open, { mailedTo: email });
        report(visit, {
          type: 'SEND_VERIFY_EMAIL',
          clientId: open.client.clientId,
          userId: user.id,
          details: { email },
        });
        void sendActionMail(visit, open, user, 'verify-email');
      }
      return sendPage(reply, realm, verifyEmailPage(realm, email, action));
    }
    case 'OAUTH_GRANT':
      return showConsent(visit, open, user);
  }
  return unreachable(step);
}

function profilePage(realm: Realm, action: string, user: User, form: FormState | undefined): Page {
  const fields = profileFields(realm).map((it) =>
    it.name === 'username' && !realm.editUsernameAllowed ? { ...it, readonly: true } : it,
  );
  return updateProfilePage(realm, action, fields, form ?? formState(profileOf(fields, user), {}));
}

async function acceptTerms(visit: Visit, open: OpenTicket, user: User): Promise<FastifyReply> {
  if (!formOf(visit.request).has('accept')) return denyLogin(visit, open, 'rejected_by_user');
  const { state } = visit.context;
  const attributes = { ...user.attributes, terms_and_conditions: [String(state.now())] };
  state.users.put({ ...user, attributes });
  return await done(visit, open, user.id, 'TERMS_AND_CONDITIONS');
}

async function updatePassword(visit: Visit, open: OpenTicket, user: User): Promise<FastifyReply> {
  const { realm, context } = visit;
  const form = formOf(visit.request);
  const password = form.get('password-new') ?? '';
  const weak = checkNewPassword(realm, password, user);
  const errors = {
    ...(weak === undefined ? {} : { 'password-new': weak }),
    ...(password === form.get('password-confirm') ? {} : { 'password-confirm': "Passwords don't match." }),
  };
  if (Object.keys(errors).length > 0)
    return await showStep(visit, open, user, 'UPDATE_PASSWORD', { values: {}, errors });
  await setPassword(context, user.id, password);
  context.state.loginFailures.delete(user.id);
  report(visit, { type: 'UPDATE_PASSWORD', clientId: open.client.clientId, userId: user.id });
  if (form.has('logout-sessions')) {
    for (const session of context.state.sessions.by(realm.id, 'user', user.id)) {
      if (session.id !== open.ticket.sessionId) endSession(visit, session);
    }
  }
  return await done(visit, open, user.id, 'UPDATE_PASSWORD');
}

async function updateProfile(visit: Visit, open: OpenTicket, user: User, step: Step): Promise<FastifyReply> {
  const { realm, context } = visit;
  const fields = profileFields(realm);
  const typed = readProfile(fields, formOf(visit.request));
  const values = realm.editUsernameAllowed ? typed : { ...typed, username: user.username };
  const errors = checkProfile(fields, values);
  if (Object.keys(errors).length > 0) return await showStep(visit, open, user, step, formState(values, errors));
  const filled = withProfile(user, fields, values);
  const sameAddress = filled.email?.toLowerCase() === user.email;
  const changed = updateUser(context.state, realm, { ...filled, emailVerified: user.emailVerified && sameAddress });
  if (!changed.ok) {
    const taken =
      changed.refusal.why === 'exists' ? clashText(changed.refusal.what) : { username: 'Invalid username.' };
    return await showStep(visit, open, user, step, formState(values, taken));
  }
  report(visit, { type: 'UPDATE_PROFILE', clientId: open.client.clientId, userId: user.id });
  return await done(visit, open, user.id, step);
}

// Takes the action off the user and off this login, and goes on.
async function done(visit: Visit, open: OpenTicket, userId: string, step: Step): Promise<FastifyReply> {
  const { state } = visit.context;
  const user = state.users.get(userId);
  if (user?.requiredActions.includes(step) === true) {
    state.users.put({ ...user, requiredActions: user.requiredActions.filter((it) => it !== step) });
  }
  const still = findTicket(visit, open.tabId);
  if (still === undefined) return await restartLogin(visit);
  const actions = still.ticket.actions.filter((it) => it !== step);
  return await advance(visit, changeTicket(visit, still, { actions }));
}
