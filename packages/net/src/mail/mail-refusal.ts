import { unreachable } from '@keyturn/protocol';

/** Why a mail was not taken. Holds no address and nothing of the mail. */
export type MailRefusal =
  /** Nobody to write to, or an address that is not exactly one address. */
  | { readonly why: 'bad-address' }
  /** Not reached, too slow, or its certificate is not good. */
  | { readonly why: 'unreachable'; readonly host: string; readonly port: number; readonly code: string }
  | { readonly why: 'auth'; readonly host: string; readonly port: number }
  /** The server's own no: 4xx may pass another time, 5xx will not. RFC 5321 §4.2.1. */
  | { readonly why: 'refused'; readonly host: string; readonly port: number; readonly status: number };

/** One sentence for a log or an operator. */
export function explainMailRefusal(refusal: MailRefusal): string {
  switch (refusal.why) {
    case 'bad-address':
      return 'the mail has no recipient, or an address that is not one';
    case 'unreachable':
      return `the mail server ${refusal.host}:${refusal.port} could not be used (${refusal.code}); check host, port and whether it expects tls, starttls or none`;
    case 'auth':
      return `the mail server ${refusal.host}:${refusal.port} did not accept the user name and password`;
    case 'refused':
      return `the mail server ${refusal.host}:${refusal.port} refused the mail (${refusal.status})`;
    default:
      return unreachable(refusal);
  }
}
