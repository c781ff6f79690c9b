import { Agent, request } from 'node:http';

/** Sends `count` requests with these tokens in turn, over kept-alive connections. Any status but 200 fails. */
export async function fireTokens(
  url: URL,
  tokens: readonly string[],
  count: number,
  connections: number,
): Promise<{ readonly seconds: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const startedAt = performance.now();
  let sent = 0;
  const one = (token: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const asked = request(url, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
        response.resume();
        response.on('end', () => {
          if (response.statusCode === 200) resolve();
          else reject(new Error(`${url.href} answered ${response.statusCode}`));
        });
      });
      asked.on('error', reject);
      asked.end();
    });
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (sent < count) {
        sent += 1;
        await one(tokens[sent % tokens.length] ?? '');
      }
    }),
  );
  agent.destroy();
  return { seconds: (performance.now() - startedAt) / 1000 };
}
