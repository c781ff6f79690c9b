import { connect, createServer, type Socket } from 'node:net';

/** A way to a PostgreSQL that can be cut as a network is: nobody is told, and nothing gets through. */
export interface CuttableProxy extends AsyncDisposable {
  readonly url: string;
  cut(): void;
  /** Lets new connections through. Those from before stay cut. */
  heal(): void;
}

export async function startCuttableProxy(postgresUrl: string): Promise<CuttableProxy> {
  const target = new URL(postgresUrl);
  const pairs = new Set<{ readonly near: Socket; readonly far: Socket; lost: boolean }>();
  let isCut = false;
  const server = createServer((near) => {
    const pair = { near, far: connect(Number(target.port) || 5432, target.hostname), lost: isCut };
    pairs.add(pair);
    const pass = (from: Socket, to: Socket) => {
      from.on('error', () => undefined);
      from.on('data', (chunk) => {
        if (!pair.lost) to.write(chunk);
      });
      from.on('close', () => {
        if (!pair.lost) to.destroy();
      });
    };
    pass(pair.near, pair.far);
    pass(pair.far, pair.near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String(typeof address === 'object' && address !== null ? address.port : 0);
  return {
    url: url.href,
    cut: () => {
      isCut = true;
      for (const pair of pairs) pair.lost = true;
    },
    heal: () => {
      isCut = false;
    },
    async [Symbol.asyncDispose]() {
      for (const { near, far } of pairs) {
        near.destroy();
        far.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
