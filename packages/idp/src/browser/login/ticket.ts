import { timingSafeEqual } from 'node:crypto';
import {
  type Client,
  peekSingleUse,
  purposeOf,
  putSingleUse,
  type SingleUse,
  updateSingleUse,
} from '../../model/index.ts';
import type { AuthorizationRequest } from '../authorize/request.ts';
import type { Visit } from '../visit.ts';
import { bindBrowser, browserRoot, knownRoot, randomText } from './browser-root.ts';
import { makeRoom } from './make-room.ts';

/** What a login leads to. */
export type Goal =
  | { readonly kind: 'code'; readonly request: AuthorizationRequest }
  /** A device that waits for this code to be approved. */
  | { readonly kind: 'device'; readonly userCode: string; readonly scope: string }
  /** The realm's own account page. */
  | { readonly kind: 'account' }
  /** Only the actions that a mail asked for; nobody is signed in by it. `redirectUri` is where the last page leads. */
  | { readonly kind: 'actions'; readonly redirectUri?: string };

/**
 * A login under way in one tab of one browser (Keycloak's authentication session). It is found by the browser's
 * `AUTH_SESSION_ID` cookie together with the address's `tab_id`: whoever has only one of them has nothing, so a login
 * page cannot be handed from one browser to another.
 */
export interface Ticket {
  /** Stands in every form; a post without it is not from our page. */
  readonly sessionCode: string;
  readonly clientUuid: string;
  readonly goal: Goal;
  /** Who proved to be whom; from here on the ticket is as good as that login. */
  readonly userId?: string;
  /** When the password was checked, if it was in this login. */
  readonly authTime?: number;
  /** The session that the login continues. */
  readonly sessionId?: string;
  /** Whose password is asked again. */
  readonly reauthenticating?: string;
  readonly rememberMe: boolean;
  /** Actions that this login asks for beyond the user's own. */
  readonly actions: readonly string[];
  readonly consented: boolean;
  /** The address that the last verification mail of this login went to. */
  readonly mailedTo?: string;
}

export interface OpenTicket {
  readonly ticket: Ticket;
  readonly client: Client;
  readonly tabId: string;
  readonly stored: SingleUse<Ticket>;
}

const purpose = purposeOf<Ticket>('login');

/** Starts a login in this browser and sets the cookie that binds it. Another tab's cookie is kept and shared. */
export function openTicket(visit: Visit, client: Client, given: Partial<Ticket> & { readonly goal: Goal }): OpenTicket {
  return storeTicket(visit, client, browserRoot(visit), {
    rememberMe: false,
    actions: [],
    consented: false,
    ...given,
    clientUuid: client.id,
    sessionCode: randomText(visit, 32),
  });
}

function storeTicket(visit: Visit, client: Client, rootId: string, ticket: Ticket): OpenTicket {
  const { state } = visit.context;
  makeRoom(state, purpose);
  const tabId = randomText(visit, 8);
  const stored = putSingleUse(state, {
    id: `${rootId}.${tabId}`,
    realmId: visit.realm.id,
    purpose,
    lifetime: visit.realm.accessCodeLifespanLogin,
    body: ticket,
  });
  bindBrowser(visit, rootId);
  return { ticket, client, tabId, stored };
}

/** The login that this browser's cookie and the address's `tab_id` name together. */
export function findTicket(visit: Visit, tabId: string | null): OpenTicket | undefined {
  const rootId = knownRoot(visit);
  if (rootId === undefined || tabId === null) return undefined;
  const stored = peekSingleUse(visit.context.state, visit.realm.id, purpose, `${rootId}.${tabId}`);
  if (stored === undefined) return undefined;
  const ticket = stored.body;
  const client = visit.context.state.clients.inRealm(visit.realm.id, ticket.clientUuid);
  return client?.enabled === true ? { ticket, client, tabId, stored } : undefined;
}

/** Whether a posted `session_code` is the one that our page held. */
export function isSessionCode(open: OpenTicket, code: string | null): boolean {
  const given = Buffer.from(code ?? '');
  const wanted = Buffer.from(open.ticket.sessionCode);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** Keeps what changed. */
export function changeTicket(visit: Visit, open: OpenTicket, changes: Partial<Ticket>): OpenTicket {
  const ticket = { ...open.ticket, ...changes };
  return { ...open, ticket, stored: updateSingleUse(visit.context.state, open.stored, ticket) };
}

/**
 * Moves a login to a new cookie, tab and code. Done the moment a user is known: whoever planted the old cookie in this
 * browser holds nothing of what follows (session fixation).
 */
export function renewTicket(visit: Visit, open: OpenTicket, changes: Partial<Ticket>): OpenTicket {
  closeTicket(visit, open);
  const ticket = { ...open.ticket, ...changes, sessionCode: randomText(visit, 32) };
  return storeTicket(visit, open.client, randomText(visit, 24), ticket);
}

/** Ends a login; false if another request ended it first. */
export function closeTicket(visit: Visit, open: OpenTicket): boolean {
  return visit.context.state.singleUse.delete(open.stored.id);
}
