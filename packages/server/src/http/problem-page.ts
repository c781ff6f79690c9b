import { buildPage, html, writeInvisible } from './html.ts';
import type { Problem } from './problem.ts';

/** A refusal for a person: the same words, and a way on. `back` is a path of our own. */
export function buildProblemPage(problem: Problem, requestId: string, back: string): string {
  const { status, code, title, detail } = problem;
  if (status === 401 && (code === 'no_token' || code === 'session_ended')) {
    const way = html`<p>Nothing was done.</p><p><a class="button" href="${back}">Log in</a></p>`;
    return buildPage('You are not logged in any more', way);
  }
  return buildPage(
    title,
    html`<p>${writeInvisible(detail)}</p>
<p><a class="button" href="${back}">${back === '/' ? 'To the start page' : 'Back'}</a></p>
<p><small>${code}, ${requestId}</small></p>`,
  );
}
