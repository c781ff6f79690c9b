import { type Milliseconds, milliseconds, ok, type Result, refuse } from '@keyturn/protocol';
import type { MailRefusal } from './mail-refusal.ts';

/** The operator's SMTP server. */
export interface MailServer {
  readonly host: string;
  /** Default 465 for `tls`, 587 for `starttls`, 25 for `none`. */
  readonly port?: number;
  /** `starttls` fails if the server does not offer it; `none` sends in the clear, so it has to be said. */
  readonly security: 'tls' | 'starttls' | 'none';
  readonly auth?: { readonly user: string; readonly password: string };
  readonly from: MailAddress;
  readonly replyTo?: MailAddress;
  /** For connecting, for the greeting, and for each silence. Default 10 s. */
  readonly timeout?: Milliseconds;
}

export interface MailAddress {
  readonly address: string;
  readonly name?: string;
}

export interface Mail {
  /** All in one mail, so that each sees the others; who must not be seen gets a mail of their own. */
  readonly to: readonly MailAddress[];
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
}

/**
 * Sends a mail by the operator's SMTP server: the one sender of all packages. Never rejects. It does not retry; a mail
 * that must arrive belongs in a queue. Who may be written to, and how often, is the caller's care.
 */
export async function sendMail(
  server: MailServer,
  mail: Mail,
): Promise<Result<{ readonly messageId: string }, MailRefusal>> {
  const { host, security, auth, from, replyTo, timeout = milliseconds(10_000) } = server;
  const port = server.port ?? defaultPorts[security];
  const strangers = [...mail.to, from, ...(replyTo === undefined ? [] : [replyTo])].filter(
    ({ address }) => !isAddress(address),
  );
  if (strangers.length > 0 || mail.to.length === 0) return refuse({ why: 'bad-address' });
  // Loaded with the first mail: most runs send none.
  const { createTransport } = await import('nodemailer');
  const transport = createTransport({
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    // A mail is made of what it was given, never of files and addresses that its text names.
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(auth === undefined ? {} : { auth: { user: auth.user, pass: auth.password } }),
  });
  try {
    const sent = await transport.sendMail({
      from: named(from),
      ...(replyTo === undefined ? {} : { replyTo: named(replyTo) }),
      to: mail.to.map(named),
      subject: oneLine(mail.subject),
      text: mail.text,
      ...(mail.html === undefined ? {} : { html: mail.html }),
    });
    return ok({ messageId: sent.messageId });
  } catch (error) {
    return refuse(readError(error, host, port));
  } finally {
    transport.close();
  }
}

const defaultPorts = { tls: 465, starttls: 587, none: 25 } as const;

/** One address and no more: no list, no display name, no line break that would begin a header or a command. */
function isAddress(text: string): boolean {
  return text.length <= 254 && /^[^\s\p{Cc}<>()[\]\\,;:"@]{1,64}@[^\s\p{Cc}<>()[\]\\,;:"@]+$/u.test(text);
}

function named({ address, name = '' }: MailAddress): { readonly name: string; readonly address: string } {
  return { name: oneLine(name), address };
}

function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ').trim();
}

function readError(error: unknown, host: string, port: number): MailRefusal {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
  const status = error instanceof Error && 'responseCode' in error ? Number(error.responseCode) : undefined;
  if (code === 'EAUTH') return { why: 'auth', host, port };
  if (status !== undefined && Number.isInteger(status)) return { why: 'refused', host, port, status };
  return { why: 'unreachable', host, port, code };
}
