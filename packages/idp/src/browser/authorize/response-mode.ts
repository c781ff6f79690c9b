import type { FastifyReply } from 'fastify';
import { sendDocument, sendRedirect } from '../http/send-page.ts';
import { formPostDocument, formPostPolicy } from '../pages/form-post-page.ts';

/** How an answer travels to the client (OAuth 2.0 Multiple Response Types, and Form Post). */
export type ResponseMode = 'query' | 'fragment' | 'form_post';

/** Reads `response_mode`; `query` is the code flow's default. */
export function readResponseMode(text: string | null, byDefault: ResponseMode): ResponseMode | undefined {
  switch (text) {
    case null:
    case '':
      return byDefault;
    case 'query':
    case 'fragment':
    case 'form_post':
      return text;
    default:
      return undefined;
  }
}

/** Where an answer goes. The address was matched against the client's own before this was built. */
export interface AnswerAddress {
  readonly redirectUri: string;
  readonly responseMode: ResponseMode;
}

/** Sends an answer to the client through the browser; parameters keep their order, absent ones are left out. */
export function sendAnswer(
  reply: FastifyReply,
  to: AnswerAddress,
  parameters: readonly (readonly [string, string | undefined])[],
): FastifyReply {
  const given = parameters.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  if (to.responseMode === 'form_post') {
    return sendDocument(reply, formPostDocument(to.redirectUri, given), 200, formPostPolicy);
  }
  const encoded = new URLSearchParams(given.map(([name, value]) => [name, value])).toString();
  const separator = to.responseMode === 'fragment' ? '#' : to.redirectUri.includes('?') ? '&' : '?';
  return sendRedirect(reply, `${to.redirectUri}${separator}${encoded}`);
}
