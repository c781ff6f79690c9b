import type { Result } from '@keyturn/protocol';
import type { FastifyReply } from 'fastify';
import type { Problem } from './problem.ts';

/** Runs `work` until the deadline or until the client has gone, whichever comes first. */
export async function underDeadline<Value>(
  seconds: number,
  reply: FastifyReply,
  work: (signal: AbortSignal) => Promise<Result<Value, Problem>>,
): Promise<Result<Value, Problem>> {
  const controller = new AbortController();
  const gone = (): void => controller.abort();
  reply.raw.once('close', gone);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Result<Value, Problem>>((resolve) => {
    timer = setTimeout(() => {
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
  });
  try {
    return await Promise.race([work(controller.signal), late]);
  } finally {
    clearTimeout(timer);
    reply.raw.off('close', gone);
  }
}
