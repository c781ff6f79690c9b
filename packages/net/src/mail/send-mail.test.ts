import { createServer, type Socket } from 'node:net';
import { milliseconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { explainMailRefusal } from './mail-refusal.ts';
import { type MailServer, sendMail } from './send-mail.ts';

/** An SMTP server on loopback that takes one mail at a time and writes down what it is told. */
async function startMailServer(
  answers: { readonly auth?: string; readonly rcpt?: string; readonly silent?: boolean } = {},
) {
  const said: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    if (answers.silent === true) return;
    let inData = false;
    let rest = '';
    socket.write('220 test\r\n');
    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString()).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        said.push(line);
        if (inData && line !== '.') continue;
        const word = line.split(' ')[0]?.toUpperCase();
        if (word === 'EHLO') socket.write('250-test\r\n250 AUTH PLAIN\r\n');
        else if (word === 'AUTH') socket.write(`${answers.auth ?? '235 ok'}\r\n`);
        else if (word === 'RCPT') socket.write(`${answers.rcpt ?? '250 ok'}\r\n`);
        else if (word === 'DATA') socket.write('354 go on\r\n');
        else socket.write('250 ok\r\n');
        inData = word === 'DATA';
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    said,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const at = (port: number, more: Partial<MailServer> = {}): MailServer => ({
  host: '127.0.0.1',
  port,
  security: 'none',
  from: { address: 'keyturn@example.com', name: 'Keyturn' },
  timeout: milliseconds(2000),
  ...more,
});

const mail = { to: [{ address: 'jane@example.com' }], subject: 'A second key', text: 'Please turn yours.' };

describe('a mail', () => {
  it('is handed to the server, from its own address', async () => {
    await using server = await startMailServer();
    const sent = await sendMail(at(server.port, { auth: { user: 'u', password: 'p' } }), mail);
    expect(sent).toEqual({ ok: true, value: { messageId: expect.stringMatching(/@example\.com>$/) } });
    expect(server.said).toEqual(
      expect.arrayContaining([
        `AUTH PLAIN ${Buffer.from('\0u\0p').toString('base64')}`,
        'MAIL FROM:<keyturn@example.com>',
        'RCPT TO:<jane@example.com>',
        'From: Keyturn <keyturn@example.com>',
        'Subject: A second key',
        'Please turn yours.',
      ]),
    );
  });

  it('gets no header from its subject or a name', async () => {
    await using server = await startMailServer();
    const hostile = 'x\r\nBcc: all@example.com\r\n\r\n<script>';
    const sent = await sendMail(at(server.port), {
      ...mail,
      to: [{ address: 'jane@example.com', name: hostile }],
      subject: hostile,
    });
    expect(sent.ok).toBe(true);
    expect(server.said.filter((line) => /^bcc/i.test(line))).toEqual([]);
    expect(server.said.filter((line) => line.startsWith('RCPT'))).toEqual(['RCPT TO:<jane@example.com>']);
  });

  it.each([
    '',
    'jane',
    'jane@example.com, all@example.com',
    'jane@example.com;all@example.com',
    'Jane <jane@example.com>',
    'jane@example.com\r\nRCPT TO:<all@example.com>',
    'jane@exam\0ple.com',
    `${'x'.repeat(250)}@example.com`,
  ])('goes nowhere if an address is not exactly one: %j', async (address) => {
    await using server = await startMailServer();
    expect(await sendMail(at(server.port), { ...mail, to: [{ address }] })).toEqual({
      ok: false,
      refusal: { why: 'bad-address' },
    });
    expect(server.said).toEqual([]);
  });

  it('to nobody is refused', async () => {
    expect(await sendMail(at(1), { ...mail, to: [] })).toEqual({ ok: false, refusal: { why: 'bad-address' } });
  });

  it.each([
    ['refuses the password', { auth: '535 no' }, { why: 'auth' }, 'did not accept the user name and password'],
    ['knows no such mailbox', { rcpt: '550 no such user' }, { why: 'refused', status: 550 }, 'refused the mail (550)'],
    ['is busy', { rcpt: '451 later' }, { why: 'refused', status: 451 }, 'refused the mail (451)'],
    ['says nothing', { silent: true }, { why: 'unreachable', code: 'ETIMEDOUT' }, 'could not be used (ETIMEDOUT)'],
  ])('is refused by a server that %s', async (_, answers, refusal, sentence) => {
    await using server = await startMailServer(answers);
    const auth = { user: 'u', password: 's3cret' };
    const sent = await sendMail(at(server.port, { auth, timeout: milliseconds(200) }), mail);
    expect(sent).toMatchObject({ ok: false, refusal: { host: '127.0.0.1', port: server.port, ...refusal } });
    if (sent.ok) return;
    expect(explainMailRefusal(sent.refusal)).toContain(sentence);
    expect(JSON.stringify(sent.refusal)).not.toMatch(/s3cret|jane/);
  });

  it('is not sent in the clear to a server that offers no encryption, unless that was said', async () => {
    await using server = await startMailServer();
    const sent = await sendMail(at(server.port, { security: 'starttls', auth: { user: 'u', password: 'p' } }), mail);
    expect(sent).toMatchObject({ ok: false, refusal: { host: '127.0.0.1' } });
    expect(server.said.join('\n')).not.toMatch(/AUTH|MAIL/);
  });

  it('reaches no server that is not there', async () => {
    const server = await startMailServer();
    await server[Symbol.asyncDispose]();
    expect(await sendMail(at(server.port), mail)).toMatchObject({ ok: false, refusal: { why: 'unreachable' } });
  });
});
