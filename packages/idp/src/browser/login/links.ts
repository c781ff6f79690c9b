import type { Visit } from '../visit.ts';
import type { OpenTicket } from './ticket.ts';

/** Keycloak's places below `/realms/x/login-actions/`. */
export type LoginAction =
  | 'authenticate'
  | 'registration'
  | 'reset-credentials'
  | 'required-action'
  | 'consent'
  | 'restart';

/** The address of a step of this login, absolute and with Keycloak's parameters in Keycloak's order. */
export function stepHref(visit: Visit, open: OpenTicket, action: LoginAction, execution?: string): string {
  return build(visit, open, action, execution === undefined ? {} : { execution });
}

/** The address that a form of this login posts to; only it carries the session code. */
export function formAction(visit: Visit, open: OpenTicket, action: LoginAction, execution: string): string {
  return build(visit, open, action, { session_code: open.ticket.sessionCode, execution });
}

function build(visit: Visit, open: OpenTicket, action: LoginAction, first: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams({
    ...first,
    client_id: open.client.clientId,
    tab_id: open.tabId,
    client_data: clientDataOf(open),
  });
  return `${visit.base}/login-actions/${action}?${query.toString()}`;
}

// Where an expired login could go back to. Shown as Keycloak shows it and never believed when it comes back.
function clientDataOf(open: OpenTicket): string {
  const { goal } = open.ticket;
  const data =
    goal.kind === 'code'
      ? {
          ru: goal.request.redirectUri,
          rt: 'code',
          ...(goal.request.responseMode === 'query' ? {} : { rm: goal.request.responseMode }),
          ...(goal.request.state === undefined ? {} : { st: goal.request.state }),
        }
      : {};
  return Buffer.from(JSON.stringify(data)).toString('base64url');
}
