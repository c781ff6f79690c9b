import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import type { App } from '../../context.ts';
import { sendPlainStatus } from '../../http/answers.ts';
import { sendDocument } from '../http/send-page.ts';
import { html } from '../pages/html.ts';
import { renderPage } from '../pages/layout.ts';
import type { KeptMail, Mailer } from './mailer.ts';

/**
 * `/dev/mail` and `/dev/mail.json`: the mails of realms without an SMTP server. They hold links that set passwords, so
 * only the machine's own user may read them: the connection must come from loopback, through no proxy, and to a
 * loopback name (a foreign page that points its own name at 127.0.0.1 sends that name).
 */
export function registerDevMail(app: App, mailer: Mailer): void {
  app.get('/dev/mail', (request, reply) =>
    isOwnMachine(request) ? sendDocument(reply, mailPage(mailer.kept()), 200) : sendPlainStatus(reply, 404),
  );
  app.get('/dev/mail.json', (request, reply) => {
    if (!isOwnMachine(request)) return sendPlainStatus(reply, 404);
    const mails = mailer.kept().map((mail) => ({ ...mail, links: linksOf(mail.text) }));
    return reply
      .header('cache-control', 'no-store')
      .header('content-type', 'application/json')
      .send(JSON.stringify(mails));
  });
}

function isOwnMachine(request: FastifyRequest): boolean {
  const peer = request.socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
  if (peer !== '::1' && !(isIP(peer) === 4 && peer.startsWith('127.'))) return false;
  const forwarded = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'via'];
  if (forwarded.some((name) => request.headers[name] !== undefined)) return false;
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i.test(request.headers.host ?? '');
}

function linksOf(text: string): readonly string[] {
  return text.match(/https?:\/\/\S+/g) ?? [];
}

function mailPage(mails: readonly KeptMail[]): string {
  return renderPage('Development mail', {
    title: 'Development mail',
    heading: 'Mail that was not sent',
    wide: true,
    body: html`<p class="soft">These realms have no SMTP server, so their mails end here. Only this machine can read them; they are gone after a restart.</p>
${mails.length === 0 && html`<p>No mail yet.</p>`}
${mails.map(
  (mail) => html`<section>
<h2>${mail.subject}</h2>
<dl class="facts"><dt>To</dt><dd>${mail.to}</dd><dt>Realm</dt><dd>${mail.realm}</dd><dt>Time</dt><dd>${new Date(mail.at).toISOString()}</dd></dl>
<pre>${mail.text}</pre>
${linksOf(mail.text).map((link) => html`<p><a href="${link}">Open the link</a></p>`)}
</section>`,
)}`,
  });
}
