import { unreachable } from '@keyturn/protocol';

/** Why the admin API did not do what was asked. Holds no token, secret or password. */
export type AdminRefusal =
  | { readonly why: 'unreachable'; readonly url: string; readonly detail: string }
  | { readonly why: 'login-refused'; readonly url: string; readonly status: number; readonly detail: string }
  | { readonly why: 'token-expired' }
  | { readonly why: 'forbidden'; readonly request: string; readonly role: string }
  | { readonly why: 'not-found'; readonly request: string; readonly detail: string }
  | { readonly why: 'conflict'; readonly request: string; readonly detail: string }
  | { readonly why: 'invalid'; readonly request: string; readonly status: number; readonly detail: string }
  | { readonly why: 'server-error'; readonly request: string; readonly status: number; readonly detail: string }
  | { readonly why: 'bad-answer'; readonly request: string; readonly detail: string }
  | { readonly why: 'not-an-admin-api'; readonly url: string; readonly status: number }
  | { readonly why: 'too-old'; readonly version: string; readonly needs: string; readonly recipes: readonly string[] }
  | { readonly why: 'unreadable-ownership'; readonly detail: string }
  | { readonly why: 'name-for-no-url'; readonly name: string };

/** One sentence for a person, with the remedy where there is one. */
export function explainAdminRefusal(refusal: AdminRefusal): string {
  switch (refusal.why) {
    case 'unreachable':
      return `${refusal.url} cannot be reached: ${refusal.detail}. Nothing was changed by this request as far as is known; run the command again.`;
    case 'login-refused':
      return `The login at ${refusal.url} was refused (${refusal.status}: ${refusal.detail}). Check the user or client and its secret.`;
    case 'token-expired':
      return 'The given admin token is not accepted any more (401). Tokens of admin-cli live 60 seconds: fetch a new one, or log in by password or client credentials.';
    case 'forbidden':
      return `${refusal.request} was forbidden (403). The account lacks the role ${refusal.role} of the client realm-management (in master: <realm>-realm).`;
    case 'not-found':
      return `${refusal.request} was not found (404: ${refusal.detail}). Somebody may have removed it meanwhile: plan again.`;
    case 'conflict':
      return `${refusal.request} met something that exists already (409: ${refusal.detail}). Somebody made it since the plan: plan again, and it will be shown as adopt.`;
    case 'invalid':
      return `${refusal.request} was refused (${refusal.status}: ${refusal.detail}).`;
    case 'server-error':
      return `${refusal.request} failed on the server after several tries (${refusal.status}: ${refusal.detail}). Look into Keycloak's log, then run the command again: it goes on where it stopped.`;
    case 'bad-answer':
      return `${refusal.request} was answered with something that is no admin API's answer: ${refusal.detail}.`;
    case 'not-an-admin-api':
      return `${refusal.url} answers ${refusal.status}, but not as Keycloak's token endpoint. If Keycloak runs with --http-relative-path, add the path to the URL (…/auth).`;
    case 'too-old':
      return `${refusal.recipes.join(', ')} needs Standard Token Exchange V2, which Keycloak has since ${refusal.needs}; this server is ${refusal.version}.`;
    case 'unreadable-ownership':
      return `${refusal.detail}.`;
    case 'name-for-no-url':
      return `${JSON.stringify(refusal.name)} cannot stand in a URL.`;
  }
  return unreachable(refusal);
}

/**
 * How a refusal travels inside `live/`: a plan needs dozens of requests, and each function between the request and the
 * command would only pass it on. Every public function of this folder catches it once and returns it as a value.
 */
export class AdminRefused extends Error {
  readonly refusal: AdminRefusal;
  constructor(refusal: AdminRefusal) {
    super(explainAdminRefusal(refusal));
    this.refusal = refusal;
  }
}
