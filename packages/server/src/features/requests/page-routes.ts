import { type Clock, ok, type Result, refuse } from '@keyturn/protocol';
import { z } from 'zod';
import type { Caller } from '../../http/caller.ts';
import type { Answer, Frame } from '../../http/frame.ts';
import { pageHeaders } from '../../http/html.ts';
import type { Done } from '../../http/pass.ts';
import type { Problem } from '../../http/problem.ts';
import type { Book } from './book.ts';
import { urlOfRequest } from './gate.ts';
import { buildRequestPage } from './page.ts';
import { explainRequestRefusal } from './refusals.ts';

/** What the buttons of the page send. */
const formSchema = z.strictObject({
  csrf_token: z.string(),
  /** Of the request as it was shown: nobody decides on what they have not seen. */
  digest: z.string().max(100),
  decision: z.enum(['confirm', 'cancel', 'approve', 'deny']),
  reason: z
    .string()
    .max(2000)
    .transform((text) => text.trim())
    .optional(),
});

/**
 * POST /agent-requests/{name}: the buttons of the page, for browsers with a session alone. Programs have routes of their
 * own, which take no form and no cookie without the CSRF header.
 */
export function mountRequestPage(frame: Frame, { book }: { book: Book }): void {
  frame.route({
    method: 'POST',
    path: '/agent-requests/:name',
    body: formSchema,
    form: true,
    page: true,
    action: ({ params, body }) => ({ kind: `request.${body.decision}`, target: params['name'] ?? '' }),
    handle: async ({ approved: { caller }, params, body }) => {
      const name = params['name'] ?? '';
      const { decision, digest } = body;
      const reason = body.reason === '' ? undefined : body.reason;
      // A token has the other routes; the form is what a person sees.
      if (caller.session === undefined) return refuse(explainRequestRefusal({ why: 'browser-only' }));
      const done = await {
        confirm: () => book.confirm(caller, name, digest),
        cancel: () => book.cancel(caller, name, undefined),
        approve: () => book.approve(caller, name, { digest, ...(reason === undefined ? {} : { reason }) }),
        deny: () => book.deny(caller, name, reason),
      }[decision]();
      if (!done.ok) return refuse(forVisitor(explainRequestRefusal(done.refusal), caller));
      return ok({ outcome: 'allowed', answer: { status: 303, headers: { location: urlOfRequest(name) } } });
    },
  });
}

/** The request as a page for whoever is logged in. */
export async function showRequestPage(
  { book, clock }: { readonly book: Book; readonly clock: Clock },
  caller: Caller,
  name: string,
): Promise<Result<Done<Answer>, Problem>> {
  const standing = await book.look(caller, name);
  if (!standing.ok) return refuse(forVisitor(explainRequestRefusal(standing.refusal), caller));
  const visitor = { name: nameOf(caller), csrfToken: caller.session?.csrfToken ?? '' };
  const body = buildRequestPage(standing.value, visitor, clock());
  return ok({ outcome: 'allowed', answer: { status: 200, headers: pageHeaders([]), body } });
}

/** Whoever was led here by somebody else learns that nothing here is theirs to do, and as whom they came. */
function forVisitor(problem: Problem, caller: Caller): Problem {
  if (problem.code !== 'unknown_request') return problem;
  const detail = `You are logged in as ${nameOf(caller)}. There is no such request, or it is neither yours nor for you to decide. If somebody else sent you this address, there is nothing here for you to do.`;
  return { ...problem, detail };
}

function nameOf({ principal }: Caller): string {
  const { preferred_username: username, name } = principal.claims;
  return [username, name].find((value) => typeof value === 'string') ?? principal.identity;
}
