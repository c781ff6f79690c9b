import { describe, expect, it } from 'vitest';
import { isSwappedAlone } from './caller.ts';

describe('what a reference token is swapped for', () => {
  it('is held back where it comes by itself, and not behind the session of a browser', () => {
    const session = { id: 'ses_1', kind: 'oidc', csrfToken: 'x' } as const;
    expect(isSwappedAlone({ isSwapped: true })).toBe(true);
    expect(isSwappedAlone({ isSwapped: true, session })).toBe(false);
    expect(isSwappedAlone({})).toBe(false);
  });
});
