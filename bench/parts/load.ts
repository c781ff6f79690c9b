import { Agent, request } from 'node:http';

export interface Shot {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends `count` requests over `connections` kept-alive connections, and says how long it took. Any other status fails. */
export async function fire(shot: Shot, count: number, connections: number, wanted = 200): Promise<{ seconds: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const startedAt = performance.now();
  let left = count;
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const sent = request(shot.url, { method: shot.method, headers: shot.headers, agent }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => {
          if (response.statusCode === wanted) resolve();
          else reject(new Error(`${shot.url.pathname} answered ${response.statusCode}: ${text.slice(0, 500)}`));
        });
      });
      sent.on('error', reject);
      sent.end(shot.body);
    });
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (left > 0) {
        left -= 1;
        await one();
      }
    }),
  );
  agent.destroy();
  return { seconds: (performance.now() - startedAt) / 1000 };
}
