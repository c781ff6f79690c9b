import type { Breaker } from '@keyturn/exchange';
import { ok } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { Frame } from '../../http/frame.ts';
import { exchangeChannel, obey, type Order, parseOrder, purgeSchema, resetSchema } from './order.ts';
import type { ExchangeAdmin } from './port.ts';

/**
 * What an operator can do about exchanges: look at breakers and close them by hand, and drop kept upstream tokens by
 * subject or audience. Orders reach every replica; what is counted in an answer is what was found on this one.
 */
export async function mountExchangeAdmin(
  frame: Frame,
  admin: ExchangeAdmin,
  { store, adminRole: needsRole }: { readonly store: Store; readonly adminRole: string },
): Promise<void> {
  const path = '/api/v1/admin';
  const order = async (what: Order): Promise<number> => {
    const done = obey(admin, what);
    await store.notify(exchangeChannel, JSON.stringify(what));
    return done;
  };
  frame.route({
    method: 'GET',
    path: `${path}/circuit-breakers`,
    action: () => ({ kind: 'breaker.list', needsRole }),
    handle: async () => {
      const upstreams = [...admin.upstreams()].map(([id, breaker]) => [id, describeBreaker(breaker)] as const);
      const body = {
        token_exchange: admin.tokenEndpoint === undefined ? null : describeBreaker(admin.tokenEndpoint),
        tool_execution: Object.fromEntries(upstreams),
      };
      return ok({ outcome: 'allowed', answer: { status: 200, body } });
    },
  });
  frame.route({
    method: 'POST',
    path: `${path}/circuit-breakers/reset`,
    body: resetSchema,
    action: ({ body }) => ({ kind: 'breaker.reset', target: body.type, needsRole }),
    handle: async ({ body }) => {
      const closed = await order({ do: 'reset', what: body });
      const message = closed === 0 ? 'It was closed here.' : `${closed} closed here, and on every other replica.`;
      return ok({
        outcome: 'allowed',
        answer: { status: 200, body: { success: true, message, new_state: 'closed' } },
      });
    },
  });
  frame.route({
    method: 'GET',
    path: `${path}/exchange-cache`,
    action: () => ({ kind: 'exchange-cache.read', needsRole }),
    handle: async () => ok({ outcome: 'allowed', answer: { status: 200, body: { tokens: admin.kept() } } }),
  });
  frame.route({
    method: 'POST',
    path: `${path}/exchange-cache/purge`,
    body: purgeSchema,
    // Whose tokens: the audit names the audience; a subject is an id of the identity provider, no secret.
    action: ({ body }) => ({
      kind: 'exchange-cache.purge',
      target: body.all === true ? 'all' : [body.subject, body.audience].filter(Boolean).join(' '),
      needsRole,
    }),
    handle: async ({ body }) => {
      const purged = await order({ do: 'purge', what: body });
      return ok({ outcome: 'allowed', answer: { status: 200, body: { purged } } });
    },
  });
  await store.listen(
    exchangeChannel,
    (payload) => {
      const heard = parseOrder(payload);
      if (heard !== undefined) obey(admin, heard);
    },
    // Which tokens were to be dropped meanwhile nobody says again: none is kept. A breaker closes by itself.
    () => void admin.purge('all'),
  );
}

function describeBreaker(breaker: Breaker): Record<string, unknown> {
  const { state, retryAfter } = breaker;
  return { state: state.replace('-', '_'), retry_after: retryAfter };
}
