import { describe, expect, it } from 'vitest';
import { callerOf } from '../requests/open-desk.ts';
import { namesToStop } from './killed.ts';

describe('the names by which an agent can be stopped', () => {
  it('are those of the token and of everybody who acts for its subject, in one letter case', () => {
    const { principal } = callerOf({
      subject: 'Alice-Sub',
      client: 'Web',
      claims: { act: { sub: 'Agent-1', act: { client_id: 'AGENT-2' } } },
    });
    expect(new Set(namesToStop(principal))).toEqual(new Set(['alice-sub', 'web', 'agent-1', 'agent-2']));
  });
});
