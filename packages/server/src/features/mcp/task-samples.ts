import type { Principal } from '@keyturn/protocol';
import { Bearer } from '../../http/bearer.ts';
import type { Problem } from '../../http/problem.ts';
import type { McpCallContext } from './context.ts';
import type { McpCalled } from './port.ts';

/** For the tests of tasks: what an upstream answers, what Keyturn refuses, and who asks. */

export const denied: Problem = {
  status: 403,
  code: 'approval_denied',
  title: 'People have denied this call',
  detail: 'No.',
};
export const result: McpCalled = {
  promised: false,
  result: { status: 200, ok: true, contentType: 'text/plain', text: 'done' },
};

export function contextOf(identity: string, bearer = 'first', client = 'agent'): McpCallContext {
  const caller = {
    // The tasks look at these three members only.
    principal: { issuer: 'https://id.example', identity, client } as Principal,
    roles: [],
    bearer: new Bearer(bearer),
  };
  const signal = new AbortController().signal;
  return {
    caller: { ...caller, permissions: () => false } as unknown as McpCallContext['caller'],
    requestId: 'rid',
    underDeadline: (work) => work(signal),
    refuseRequest: () => {},
    note: () => {},
  };
}

export function raise(message: string): never {
  throw new Error(message);
}
