import { explainMailRefusal, type Mail, type MailRefusal } from '@keyturn/net';
import { type Clock, type Result, type Seconds, after, secondsOf } from '@keyturn/protocol';
import type { Log } from '../../outside/log.ts';
import type { Pat } from './pat.ts';
import type { PatRepository } from './repository.ts';

/** How a mail leaves; undefined where no mail server is configured. */
export type SendMail = (mail: Mail) => Promise<Result<unknown, MailRefusal>>;

/**
 * Tells owners that a token ends soon, once: of all replicas one takes each token. A mail that could not be handed over is
 * tried again the next time. Only addresses that the identity provider calls verified are written to.
 */
export async function announceEnds(parts: {
  readonly repository: PatRepository;
  readonly clock: Clock;
  readonly before: Seconds;
  readonly send: SendMail | undefined;
  readonly publicUrl: string;
  readonly log: Log;
}): Promise<void> {
  const { repository, clock, send, log } = parts;
  for (const pat of await repository.takeExpiring(after(secondsOf(clock()), parts.before))) {
    log.info({ pat: pat.id, owner: pat.owner.subject }, 'a personal access token ends soon');
    if (send === undefined || pat.email === undefined) continue;
    const sent = await send(buildEndMail(pat, pat.email, parts.publicUrl));
    if (sent.ok) continue;
    log.warn({ pat: pat.id, reason: explainMailRefusal(sent.refusal) }, 'the mail about its end was not sent');
    await repository.announceAgain(pat.id);
  }
}

/** The mail. It names the token and holds nothing of its secret. */
export function buildEndMail(pat: Pat, address: string, publicUrl: string): Mail {
  const ends = new Date(pat.expiresAt * 1000).toISOString().replace('T', ' ').slice(0, 16);
  return {
    to: [{ address }],
    subject: `Your access token “${pat.name}” ends on ${ends.slice(0, 10)}`,
    text: `Your personal access token “${pat.name}” (${pat.id}) at ${publicUrl} ends on ${ends} UTC.

If it is still in use, give it a new secret in time; the old one works on for a while:

    keyturn token rotate ${pat.id}

If it is not, revoke it:

    keyturn token revoke ${pat.id}
`,
  };
}
