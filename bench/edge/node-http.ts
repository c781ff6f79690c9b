// A yardstick: what node:http itself costs for a check that allows everything and looks at nothing.
import { createServer } from 'node:http';

createServer((_request, response) => {
  response.writeHead(200, ['content-length', '0', 'x-keyturn-user', 'somebody']);
  response.end();
}).listen(Number(process.argv[2] ?? 0), '127.0.0.1');
