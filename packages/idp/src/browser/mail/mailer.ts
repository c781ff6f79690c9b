import type { Log } from '../../log.ts';
import type { IdpState, Realm, SmtpServer } from '../../model/index.ts';

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** A mail that was not sent but kept, because its realm has no SMTP server. */
export interface KeptMail extends Mail {
  readonly realm: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Sends mails by the realm's SMTP server; without one they are kept for `/dev/mail`. */
export interface Mailer {
  /** Never rejects: a mail that cannot be sent is logged, and nobody's page waits for it. */
  send(realm: Realm, mail: Mail): Promise<void>;
  /** Newest first; at most 100. */
  kept(): readonly KeptMail[];
}

const most = 100;

/** A mailer; `state` gives the time. */
export function createMailer(state: Pick<IdpState, 'clock'>, log: Log): Mailer {
  const kept: KeptMail[] = [];
  return {
    kept: () => kept,
    send: async (realm, mail) => {
      if ((realm.smtpServer['host'] ?? '') === '') {
        kept.unshift({ ...mail, realm: realm.realm, at: state.clock() });
        kept.length = Math.min(kept.length, most);
        log('info', 'a mail is kept at /dev/mail: the realm has no SMTP server', {
          realm: realm.realm,
          subject: mail.subject,
        });
        return;
      }
      const reason = await deliver(realm.smtpServer, mail);
      if (reason !== undefined) log('error', 'a mail could not be sent', { realm: realm.realm, reason });
    },
  };
}

/** Undefined: sent. Else why not, in words. */
async function deliver(server: SmtpServer, mail: Mail): Promise<string | undefined> {
  const port = Number(server['port'] ?? '');
  const replyTo = server['replyTo'] ?? '';
  // Loaded with the first mail: most runs send none.
  const { explainMailRefusal, sendMail } = await import('@keyturn/net');
  const sent = await sendMail(
    {
      host: server['host'] ?? '',
      port: Number.isInteger(port) && port > 0 ? port : 25,
      security: server['ssl'] === 'true' ? 'tls' : server['starttls'] === 'true' ? 'starttls' : 'none',
      from: { name: server['fromDisplayName'] ?? '', address: server['from'] ?? 'keyturn@localhost' },
      ...(replyTo === '' ? {} : { replyTo: { name: server['replyToDisplayName'] ?? '', address: replyTo } }),
      ...(server['auth'] === 'true'
        ? { auth: { user: server['user'] ?? '', password: server['password'] ?? '' } }
        : {}),
    },
    { to: [{ address: mail.to }], subject: mail.subject, text: mail.text },
  );
  return sent.ok ? undefined : explainMailRefusal(sent.refusal);
}
