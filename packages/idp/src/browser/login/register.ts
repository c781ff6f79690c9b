import type { FastifyReply } from 'fastify';
import { formOf, queryOf } from '../../http/form.ts';
import { createUser, type Realm } from '../../model/index.ts';
import { sendPage } from '../http/send-page.ts';
import { emptyForm, type FormState, registerPage } from '../pages/account-forms.ts';
import type { Field } from '../pages/field.ts';
import { report, sendErrorPage, type Visit } from '../visit.ts';
import { advance, advanceAs } from './advance.ts';
import { restartLogin, tabOf } from './begin.ts';
import { formAction, stepHref } from './links.ts';
import { checkNewPassword, setPassword } from './password-policy.ts';
import { checkProfile, clashText, formState, profileFields, readProfile, withProfile } from './profile-form.ts';
import { findTicket, isSessionCode, type OpenTicket } from './ticket.ts';

/** `GET login-actions/registration`. */
export async function showRegistration(visit: Visit): Promise<FastifyReply> {
  if (!visit.realm.registrationAllowed) return sendErrorPage(visit, 'Registration not allowed');
  const open = findTicket(visit, tabOf(visit));
  if (open === undefined) return await restartLogin(visit);
  return open.ticket.userId === undefined ? show(visit, open, emptyForm) : await advance(visit, open);
}

/** `POST login-actions/registration`: makes the account and goes on as its owner. */
export async function postRegistration(visit: Visit): Promise<FastifyReply> {
  const { realm, context } = visit;
  if (!realm.registrationAllowed) return sendErrorPage(visit, 'Registration not allowed');
  const open = findTicket(visit, tabOf(visit));
  if (open === undefined || !isSessionCode(open, queryOf(visit.request).get('session_code')))
    return await restartLogin(visit);
  if (open.ticket.userId !== undefined) return await advance(visit, open);
  const form = formOf(visit.request);
  const fields = fieldsOf(realm);
  const typed = readProfile(fields, form);
  const values = realm.registrationEmailAsUsername ? { ...typed, username: typed['email'] ?? '' } : typed;
  const password = form.get('password') ?? '';
  const person = withProfile({ username: values['username'] ?? '', enabled: true }, fields, values);
  const weak = checkNewPassword(realm, password, { ...person, credentials: [] });
  const errors = {
    ...checkProfile(fields, values),
    ...(weak === undefined ? {} : { password: weak }),
    ...(password === form.get('password-confirm')
      ? {}
      : { 'password-confirm': "Password confirmation doesn't match." }),
  };
  if (Object.keys(errors).length > 0) return refuse(visit, open, formState(values, errors));
  const made = createUser(context.state, realm, person);
  if (!made.ok) {
    const taken = made.refusal.why === 'exists' ? clashText(made.refusal.what) : { username: 'Invalid username.' };
    return refuse(visit, open, formState(values, taken));
  }
  const user = (await setPassword(context, made.value.id, password)) ?? made.value;
  report(visit, {
    type: 'REGISTER',
    clientId: open.client.clientId,
    userId: user.id,
    details: {
      auth_method: 'openid-connect',
      register_method: 'form',
      username: user.username,
      email: user.email ?? '',
    },
  });
  const still = findTicket(visit, open.tabId);
  if (still === undefined) return await restartLogin(visit);
  return await advanceAs(visit, still, user, { authTime: context.state.now() });
}

function refuse(visit: Visit, open: OpenTicket, form: FormState): FastifyReply {
  report(visit, { type: 'REGISTER_ERROR', clientId: open.client.clientId, error: 'invalid_registration' });
  return show(visit, open, form);
}

function show(visit: Visit, open: OpenTicket, form: FormState): FastifyReply {
  const action = formAction(visit, open, 'registration', 'registration');
  const { realm } = visit;
  const loginHref = stepHref(visit, open, 'authenticate');
  return sendPage(visit.reply, realm, registerPage(realm, { action, loginHref, fields: fieldsOf(realm), form }));
}

// Where the e-mail address is the name there is no field for a name of its own.
function fieldsOf(realm: Realm): readonly Field[] {
  const fields = profileFields(realm);
  if (!realm.registrationEmailAsUsername) return fields;
  return fields.flatMap((it) => (it.name === 'username' ? [] : [it.name === 'email' ? { ...it, required: true } : it]));
}
