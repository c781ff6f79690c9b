import { randomUUID } from 'node:crypto';
import type { Clock, Principal } from '@keyturn/protocol';
import { bearerChallenge, createVerifier, type Verifier } from '@keyturn/verify';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { menu } from './menu.ts';
import { buildOpenApi } from './openapi.ts';

export interface PizzeriaOptions {
  /** Compared with the token's `iss`. */
  readonly issuer: string;
  /** Where the keys are fetched; need not be below the issuer (seed 002). */
  readonly jwksUrl: string;
  /** What the token's `aud` must hold. */
  readonly audience: string;
  readonly clock: Clock;
  /** 0 takes a free port. */
  readonly port: number;
  readonly host?: string;
}

export interface Pizzeria {
  readonly url: string;
  close(): Promise<void>;
}

interface Order {
  readonly id: string;
  readonly owner: string;
  readonly items: readonly { readonly id: string; readonly count: number }[];
  readonly total: number;
}

/** Starts the pizzeria. It keeps its orders in memory: it is an example. */
export async function openPizzeria(options: PizzeriaOptions): Promise<Pizzeria> {
  const verifier = createVerifier({
    issuer: options.issuer,
    audience: options.audience,
    jwksUri: options.jwksUrl,
    clock: options.clock,
  });
  const app = Fastify({ bodyLimit: 64 * 1024 });
  let baseUrl = '';
  app.get('/openapi.json', () => buildOpenApi(baseUrl));
  await app.register((guarded, _options, done) => {
    addRoutes(guarded, verifier);
    done();
  });
  const host = options.host ?? '127.0.0.1';
  const address = await app.listen({ port: options.port, host });
  baseUrl = `http://localhost:${new URL(address).port}`;
  return { url: baseUrl, close: () => app.close() };
}

function addRoutes(app: FastifyInstance, verifier: Verifier): void {
  const callers = new WeakMap<FastifyRequest, Principal>();
  const orders = new Map<string, Order>();
  const orderOfKey = new Map<string, Order>();

  app.addHook('onRequest', async (request, reply) => {
    const token = /^Bearer ([^ ]+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) return refuse(reply, 401, 'no_token', 'send Authorization: Bearer <token>');
    const checked = await verifier.verify(token);
    if (!checked.ok) {
      void reply.header('www-authenticate', bearerChallenge(checked.refusal));
      return refuse(reply, 401, 'invalid_token', `this token is not for the pizzeria (${checked.refusal.why})`);
    }
    callers.set(request, checked.value);
    return undefined;
  });

  const callerOf = (request: FastifyRequest): Principal => {
    const caller = callers.get(request);
    if (caller === undefined) throw new Error('the hook above lets nobody through without a principal');
    return caller;
  };

  app.get<{ Querystring: { vegetarian?: string; max_price?: string } }>('/menu', (request) => {
    const { vegetarian, max_price } = request.query;
    const items = menu
      .filter((item) => vegetarian === undefined || item.vegetarian === (vegetarian === 'true'))
      .filter((item) => max_price === undefined || item.price <= Number(max_price));
    return { items, seen: seenIn(callerOf(request)) };
  });

  app.get<{ Params: { id: string } }>('/menu/:id', (request, reply) => {
    const item = menu.find((candidate) => candidate.id === request.params.id);
    if (item === undefined) return refuse(reply, 404, 'no_such_dish', `there is no dish ${request.params.id}`);
    return { item, seen: seenIn(callerOf(request)) };
  });

  app.delete('/menu/:id', (request, reply) => {
    if (!callerOf(request).roles.realm.includes('pizzeria-chef')) {
      return refuse(reply, 403, 'not_a_chef', 'only a chef takes dishes off the menu');
    }
    return reply.code(204).send();
  });

  app.post<{ Body: { items: { id: string; count: number }[] } }>('/orders', (request, reply) => {
    const caller = callerOf(request);
    const key = request.headers['idempotency-key'];
    const known = typeof key === 'string' ? orderOfKey.get(`${caller.identity} ${key}`) : undefined;
    const order = known ?? takeOrder(caller.identity, request.body.items);
    if (order === undefined) return refuse(reply, 422, 'no_such_dish', 'one of the dishes is not on the menu');
    orders.set(order.id, order);
    if (typeof key === 'string') orderOfKey.set(`${caller.identity} ${key}`, order);
    return reply.code(201).send({ order: publicOrder(order), seen: seenIn(caller) });
  });

  app.get<{ Params: { id: string } }>('/orders/:id', (request, reply) => {
    const caller = callerOf(request);
    const order = orders.get(request.params.id);
    if (order === undefined || order.owner !== caller.identity) {
      return refuse(reply, 404, 'no_such_order', 'you have no such order');
    }
    return { order: publicOrder(order), seen: seenIn(caller) };
  });

  app.get('/whoami', (request) => ({ seen: seenIn(callerOf(request)) }));
}

function takeOrder(owner: string, items: readonly { id: string; count: number }[]): Order | undefined {
  let total = 0;
  for (const { id, count } of items) {
    const dish = menu.find((item) => item.id === id);
    if (dish === undefined) return undefined;
    total += dish.price * count;
  }
  return { id: randomUUID(), owner, items, total };
}

function publicOrder(order: Order): object {
  return { id: order.id, items: order.items, total: order.total };
}

/** What the upstream saw: the proof that Keyturn exchanged the caller's token. */
function seenIn(principal: Principal): object {
  const { preferred_username } = principal.claims;
  return {
    iss: principal.issuer,
    ...(principal.subject === undefined ? {} : { sub: principal.subject }),
    ...(principal.client === undefined ? {} : { azp: principal.client }),
    aud: principal.audiences,
    ...(typeof preferred_username === 'string' ? { username: preferred_username } : {}),
  };
}

function refuse(reply: FastifyReply, status: number, error: string, message: string): FastifyReply {
  return reply.code(status).send({ error, message });
}
