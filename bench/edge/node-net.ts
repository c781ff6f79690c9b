// A yardstick: the floor of any authorizer on Node. A connection that is answered with a fixed text, unread.
import { createServer } from 'node:net';

const answer = 'HTTP/1.1 200 OK\r\nx-keyturn-user: somebody\r\ncontent-length: 0\r\n\r\n';

createServer((socket) => {
  socket.on('error', () => undefined).on('data', () => socket.write(answer, 'latin1'));
}).listen(Number(process.argv[2] ?? 0), '127.0.0.1');
