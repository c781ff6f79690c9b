import type { Result } from '@keyturn/protocol';
import type { FastifyReply } from 'fastify';
import type { Problem } from './problem.ts';

/** Runs `work` until the deadline or until the client has gone, whichever comes first. */
export function underDeadline<Value>(
  seconds: number,
  reply: FastifyReply,
  work: (signal: AbortSignal) => Promise<Result<Value, Problem>>,
): Promise<Result<Value, Problem>> {
  return new Promise((resolve, reject) => {
    const controller = new AbortController();
    const gone = (): void => controller.abort();
    reply.raw.once('close', gone);
    const timer = setTimeout(() => {
      controller.abort();
      resolve({
        ok: false,
        refusal: {
          status: 504,
          code: 'deadline_exceeded',
          title: 'No answer in time',
          detail: `The request took longer than ${seconds} s (http.deadline). What it started upstream may have happened.`,
        },
      });
    }, seconds * 1000);
    const settled = (): void => {
      clearTimeout(timer);
      reply.raw.off('close', gone);
    };
    // Not `resolve(work(…))`, after which the deadline could not answer any more.
    work(controller.signal).finally(settled).then(resolve, reject);
  });
}
