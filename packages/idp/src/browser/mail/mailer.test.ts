import { type AddressInfo, createServer, type Server } from 'node:net';
import { epochMilliseconds } from '@keyturn/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Realm } from '../../model/index.ts';
import { actionOf, testBrowser, textOfPage } from '../test-browser.ts';
import { authorizeUrl, mailsOf, startDemo } from '../test-realm.ts';
import { createMailer, type Mailer } from './mailer.ts';

/** An SMTP server that takes one mail after another and keeps what it was told. */
function smtpServer(heard: string[]): Server {
  return createServer((socket) => {
    let inMail = false;
    socket.write('220 test ready\r\n');
    socket.on('data', (chunk) => {
      for (const line of chunk.toString().split('\r\n').slice(0, -1)) {
        heard.push(line);
        if (inMail) {
          if (line !== '.') continue;
          inMail = false;
          socket.write('250 kept\r\n');
        } else if (line.startsWith('DATA')) {
          inMail = true;
          socket.write('354 go on\r\n');
        } else if (line.startsWith('QUIT')) socket.end('221 bye\r\n');
        else socket.write('250 ok\r\n');
      }
    });
    socket.on('error', () => {});
  });
}

const heard: string[] = [];
const logged: string[] = [];
const server = smtpServer(heard);
let mailer: Mailer;
// The mailer reads two members of a realm.
const realmWith = (smtp: Readonly<Record<string, string>>): Realm => ({ realm: 'demo', smtpServer: smtp }) as Realm;

beforeAll(async () => {
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  mailer = createMailer(
    { clock: () => epochMilliseconds(1000) },
    (level, message) => void logged.push(`${level} ${message}`),
  );
});
afterAll(() => void server.close());

describe('a mail', () => {
  it('goes to the realm’s SMTP server, with sender, reply address and text', async () => {
    const { port } = server.address() as AddressInfo;
    const smtp = { host: '127.0.0.1', port: String(port), from: 'id@example.com', fromDisplayName: 'Pizza Planet' };
    await mailer.send(realmWith(smtp), { to: 'ada@example.com', subject: 'Reset password', text: 'Click here.' });
    expect(heard).toContain('MAIL FROM:<id@example.com>');
    expect(heard).toContain('RCPT TO:<ada@example.com>');
    expect(heard).toContain('From: Pizza Planet <id@example.com>');
    expect(heard).toContain('Subject: Reset password');
    expect(heard).toContain('Click here.');
    expect(mailer.kept()).toEqual([]);
  });

  it('cannot smuggle headers or further recipients in', async () => {
    const { port } = server.address() as AddressInfo;
    heard.length = 0;
    const smtp = { host: '127.0.0.1', port: String(port), from: 'id@example.com' };
    const to = 'ada@example.com\r\nBcc: everybody@example.com';
    await mailer.send(realmWith(smtp), { to, subject: 'x\r\nBcc: everybody@example.com', text: 'y' });
    expect(heard.filter((it) => /^bcc:/i.test(it) || it.includes('RCPT TO:<everybody'))).toEqual([]);
  });

  it('that cannot be sent is logged and troubles nobody else', async () => {
    await mailer.send(realmWith({ host: '127.0.0.1', port: '1' }), { to: 'a@example.com', subject: 's', text: 't' });
    expect(logged).toContain('error a mail could not be sent');
  });

  it('is kept, newest first and at most a hundred, where the realm has no server', async () => {
    for (let count = 0; count < 103; count += 1) {
      await mailer.send(realmWith({}), { to: 'ada@example.com', subject: String(count), text: '' });
    }
    expect(mailer.kept()).toHaveLength(100);
    expect(mailer.kept()[0]?.subject).toBe('102');
  });
});

describe('the development mailbox', () => {
  it('shows nothing but text, whatever is in a mail', async () => {
    const hostile = '<img src=x onerror=alert(1)>';
    await using idp = await startDemo({ resetPasswordAllowed: true, displayName: hostile });
    const browser = testBrowser();
    expect(textOfPage(await browser.get(`${idp.url}/dev/mail`))).toContain('No mail yet.');
    const login = await browser.get(authorizeUrl(idp));
    await browser.post(actionOf(login).replace('/authenticate?', '/reset-credentials?'), { username: 'ada' });
    expect((await mailsOf(idp))[0]?.text).toContain(hostile);
    const page = await browser.get(`${idp.url}/dev/mail`);
    expect(textOfPage(page)).toContain(hostile);
    expect(page.html).not.toContain('<img');
  });
});
