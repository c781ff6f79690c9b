import { createServer } from 'node:net';

/** Free loopback ports, each different. They are free now: whoever wants them should take them soon. */
export async function freePorts<Names extends readonly string[]>(
  ...names: Names
): Promise<Record<Names[number], number>> {
  const held = await Promise.all(
    names.map(
      async (name) =>
        [
          name,
          await new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
            const server = createServer();
            server.once('error', reject);
            server.listen(0, '127.0.0.1', () => resolve(server));
          }),
        ] as const,
    ),
  );
  const ports: Record<string, number> = {};
  for (const [name, server] of held) {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP server has an address and a port');
    ports[name] = address.port;
    await new Promise((resolve) => server.close(resolve));
  }
  return ports;
}
