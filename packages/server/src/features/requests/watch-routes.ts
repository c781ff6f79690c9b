import { type Clock, epochMilliseconds, ok } from '@keyturn/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../../http/caller.ts';
import { openEventStream } from '../../http/event-stream.ts';
import type { Frame } from '../../http/frame.ts';
import { type House, pass } from '../../http/pass.ts';
import type { Problem } from '../../http/problem.ts';
import type { Action } from '../../http/rooms.ts';
import type { Membership } from './membership.ts';
import { isAgent, isReviewer, requesterOf } from './parties.ts';
import { explainRequestRefusal } from './refusals.ts';
import type { Book } from './book.ts';
import type { RequestRepository } from './repository.ts';
import { maySee } from './standing.ts';
import type { AgentRequest } from './request.ts';
import type { WatchHub } from './watch-hub.ts';

/**
 * Watching by server-sent events: `update` with each change and, of one request, `result` at its end, then the stream
 * ends. `Last-Event-ID` resumes. A stream lives no longer than the token that opened it.
 */
export function mountWatches(
  frame: Frame,
  house: House,
  parts: { book: Book; hub: WatchHub; repository: RequestRepository; members: () => Membership; clock: Clock },
): void {
  const { book, hub } = parts;
  /** The caller, through the rooms; or the reply that has been sent instead. */
  const enter = async (request: FastifyRequest, reply: FastifyReply, action: Action): Promise<Caller | undefined> => {
    const caller = await frame.authenticate(request, 'rest');
    if (!caller.ok) return void frame.answerProblem(request, reply, caller.refusal);
    const call = { caller: caller.value, action, requestId: request.id };
    const passed = await pass(house, call, async () => ok({ answer: undefined, outcome: 'allowed' } as const));
    if (!passed.ok) return void frame.answerProblem(request, reply, passed.refusal);
    const accepted = request.headers.accept ?? '';
    if (!accepted.includes('text/event-stream')) return void frame.answerProblem(request, reply, eventStreamOnly);
    if (hub.isFull()) return void frame.answerProblem(request, reply, tooManyWatchers);
    return caller.value;
  };
  const untilOf = ({ principal }: Caller) => epochMilliseconds(principal.expiresAt * 1000);

  frame.app.get<{ Params: { name: string } }>('/agent-requests/:name/watch', async (request, reply) => {
    const { name } = request.params;
    const caller = await enter(request, reply, { kind: 'request.read', target: name });
    if (caller === undefined) return reply;
    const found = await book.read(caller, name);
    if (!found.ok) return frame.answerProblem(request, reply, explainRequestRefusal(found.refusal));
    const given = String(request.headers['last-event-id'] ?? '');
    const seen = /^\d{1,9}$/.test(given) ? Number(given) : 0;
    // Nobody has seen what has not been yet.
    const lastVersion = seen > found.value.version ? 0 : seen;
    const stream = openEventStream(reply, untilOf(caller));
    hub.watch({ stream, name, maySee: (each) => maySee(caller, each, parts.members()), lastVersion });
    // Read again now that changes are heard of: none falls between.
    const current = await parts.repository.byName(name);
    if (current !== undefined) hub.tell(stream, current);
    return reply;
  });

  frame.app.get('/agent-requests/watch', async (request, reply) => {
    const caller = await enter(request, reply, { kind: 'request.list' });
    if (caller === undefined) return reply;
    if (!isReviewer(caller, parts.members()) && !isAgent(caller, parts.members())) {
      return frame.answerProblem(request, reply, explainRequestRefusal({ why: 'nothing-to-see' }));
    }
    const self = requesterOf(caller, parts.members());
    // Asked each time: whoever is taken off the list sees no more.
    const mayList = ({ requester }: AgentRequest): boolean =>
      isReviewer(caller, parts.members()) ||
      (requester.identity === self.identity && requester.issuer === self.issuer && requester.subject === self.subject);
    const [, since] = /^(\d{1,15})\./.exec(String(request.headers['last-event-id'] ?? '')) ?? [];
    const watcher = { stream: openEventStream(reply, untilOf(caller)), maySee: mayList, lastVersion: 0 };
    hub.watch(watcher);
    if (since !== undefined) await hub.replay(watcher, Number(since));
    return reply;
  });
}

const eventStreamOnly: Problem = {
  status: 400,
  code: 'event_stream_only',
  title: 'Watching answers with an event stream',
  detail: 'Accept header must include text/event-stream.',
  facts: { error: 'Accept header must include text/event-stream' },
};

const tooManyWatchers: Problem = {
  status: 503,
  code: 'too_many_watchers',
  title: 'This process has enough watchers',
  detail: 'requests.maxWatchers streams are open here.',
  headers: { 'retry-after': '10' },
};
