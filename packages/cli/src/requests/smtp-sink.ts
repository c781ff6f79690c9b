import { type AddressInfo, createServer } from 'node:net';

/** One mail as it came: who it was for, and all of it. */
export interface TakenMail {
  readonly to: string;
  readonly text: string;
}

/** For tests: an SMTP server on loopback that takes mails, and refuses those to whom a test names. */
export interface SmtpSink extends AsyncDisposable {
  readonly port: number;
  readonly taken: readonly TakenMail[];
  readonly refused: Set<string>;
}

export async function openSmtpSink(): Promise<SmtpSink> {
  const taken: TakenMail[] = [];
  const refused = new Set<string>();
  const server = createServer((socket) => {
    let [to, rest] = ['', ''];
    let body: string[] | undefined;
    socket.on('error', () => undefined);
    socket.write('220 sink\r\n');
    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString()).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (body !== undefined && line !== '.') {
          body.push(line);
        } else if (body !== undefined) {
          taken.push({ to, text: body.join('\n') });
          body = undefined;
          socket.write('250 kept\r\n');
        } else if (/^RCPT TO:/i.test(line)) {
          to = /<(.*)>/.exec(line)?.[1] ?? '';
          socket.write(refused.has(to) ? '451 not now\r\n' : '250 ok\r\n');
        } else if (/^DATA/i.test(line)) {
          body = [];
          socket.write('354 go on\r\n');
        } else if (/^QUIT/i.test(line)) {
          socket.end('221 bye\r\n');
        } else {
          socket.write('250 ok\r\n');
        }
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    // A TCP server's address is never a path or null while it listens.
    port: (server.address() as AddressInfo).port,
    taken,
    refused,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}
