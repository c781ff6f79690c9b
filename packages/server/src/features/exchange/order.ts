import type { CacheSelector } from '@keyturn/exchange';
import { z } from 'zod';
import type { ExchangeAdmin } from './port.ts';

/** The channel on which replicas hear what an administrator has ordered. */
export const exchangeChannel = 'keyturn_exchange';

const text = z.string().min(1).max(255);

/** The body of POST …/circuit-breakers/reset, in seed 003's words. `key` is a source's id; without one, all sources. */
export const resetSchema = z
  .strictObject({ type: z.enum(['token_exchange', 'tool_execution']), key: text.optional() })
  .refine(({ type, key }) => type === 'tool_execution' || key === undefined, {
    error: 'there is one token endpoint: only tool_execution takes a key',
    path: ['key'],
  });

/** The body of POST …/exchange-cache/purge. */
export const purgeSchema = z
  .strictObject({ subject: text.optional(), audience: text.optional(), all: z.literal(true).optional() })
  .refine(({ subject, audience, all }) => (all === true) !== (subject !== undefined || audience !== undefined), {
    error: 'give subject, audience or both, or all: true',
  });

const orderSchema = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('reset'), what: resetSchema }),
  z.strictObject({ do: z.literal('purge'), what: purgeSchema }),
]);
export type Order = z.infer<typeof orderSchema>;

/** What another replica was ordered; undefined where it is nothing that this version knows. */
export function parseOrder(payload: string): Order | undefined {
  try {
    return orderSchema.safeParse(JSON.parse(payload)).data;
  } catch {
    return undefined;
  }
}

/** Does it on this replica; says how many tokens were dropped, or breakers closed. */
export function obey(admin: ExchangeAdmin, order: Order): number {
  if (order.do === 'purge') {
    const { subject, audience, all } = order.what;
    const selector: CacheSelector = all === true ? 'all' : { sub: subject, audience };
    return admin.purge(selector);
  }
  const { type, key } = order.what;
  const breakers =
    type === 'token_exchange'
      ? [admin.tokenEndpoint]
      : key === undefined
        ? [...admin.upstreams().values()]
        : [admin.upstreams().get(key)];
  const closed = breakers.filter((breaker) => breaker !== undefined && breaker.state !== 'closed');
  for (const breaker of closed) breaker?.reset();
  return closed.length;
}
