import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Checks } from '../edge/checks.ts';
import type { Stage } from './stage.ts';

/** Operations of the document, and characters of each one's description: some 19 MB together. */
const operations = 4000;
const words = 4400;

/**
 * A document of the largest size is registered, fetched and uploaded, while somebody calls a tool again and again: the
 * calls are answered meanwhile.
 */
export async function tryLargeDocument(checks: Checks, stage: Stage, say: (text: string) => void): Promise<void> {
  const [{ keyturn }] = stage.served;
  const text = JSON.stringify(largeDocument());
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server has an address with a port.
  const { port } = server.address() as AddressInfo;
  const john = await stage.tokenOf('john');
  const call = async (): Promise<boolean> => {
    const answer = await fetch(`${keyturn}/api/v1/tools/execute`, {
      method: 'POST',
      headers: { authorization: `Bearer ${john}`, 'content-type': 'application/json' },
      body: JSON.stringify({ tool_id: 'fixture/test_simple_text', arguments: {} }),
    });
    await answer.text();
    return answer.status === 200;
  };
  try {
    const ways = { fetched: { url: `http://127.0.0.1:${port}/openapi.json` }, uploaded: { document: text } };
    for (const [way, where] of Object.entries(ways)) {
      const progress = { isRegistered: false };
      const startedAt = performance.now();
      const registered = stage
        .register(keyturn, { name: `large ${way}`, slug: `large-${way}`, auth: { kind: 'none' }, ...where })
        .finally(() => (progress.isRegistered = true));
      const took: number[] = [];
      let failed = 0;
      while (!progress.isRegistered) {
        const calledAt = performance.now();
        if (!(await call())) failed += 1;
        took.push(performance.now() - calledAt);
      }
      await registered;
      const whole = performance.now() - startedAt;
      const longest = Math.max(...took);
      say(
        `  ${way}: ${(text.length / 1e6).toFixed(1)} MB in ${(whole / 1000).toFixed(1)} s, ${took.length} calls meanwhile, the slowest in ${longest.toFixed(0)} ms`,
      );
      checks.that(`calls are answered while a large document is ${way}`, failed === 0 && took.length > 10, took.length);
      checks.that(`… none waits for most of that time (${way})`, longest < whole / 2, { longest, whole });
    }
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

function largeDocument(): object {
  const operation = (i: number) => ({
    post: {
      operationId: `operation_${i}`,
      description: 'word '.repeat(words / 5),
      requestBody: { content: { 'application/json': { schema: { $ref: `#/components/schemas/S${i % 100}` } } } },
      responses: { '200': { description: 'ok' } },
    },
  });
  const schema = (i: number) => ({
    type: 'object',
    properties: Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`p${i}_${n}`, { type: 'string' }])),
  });
  const named = <Value>(amount: number, name: (i: number) => string, make: (i: number) => Value) =>
    Object.fromEntries(Array.from({ length: amount }, (_, i) => [name(i), make(i)]));
  return {
    openapi: '3.1.0',
    info: { title: 'Large', version: '1' },
    servers: [{ url: 'https://api.example.com' }],
    paths: named(operations, (i) => `/o${i}`, operation),
    components: { schemas: named(100, (i) => `S${i}`, schema) },
  };
}
