import { describe, expect, it } from 'vitest';
import { readBearer } from './bearer.ts';

const read = (...values: string[]) => readBearer(values.flatMap((value) => ['Authorization', value]));
const why = (...values: string[]) => {
  const result = read(...values);
  return result.ok ? 'accepted' : result.refusal.why;
};

describe('the credentials of a request', () => {
  it('are the token after Bearer, in any letter case of the scheme', () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      const result = read(`${scheme} abc.def-_~+/=`);
      expect(result.ok && result.value.reveal()).toBe('abc.def-_~+/=');
    }
  });

  it('are refused when there are two of them, whatever they say', () => {
    expect(why('Bearer a', 'Bearer a')).toBe('several-credentials');
    expect(readBearer(['authorization', 'Bearer a', 'AUTHORIZATION', 'Basic x']).ok).toBe(false);
  });

  it('are refused when they are a list, have white space inside, or are not ASCII', () => {
    for (const value of [
      'Bearer a,b',
      'Bearer a, Bearer b',
      'Bearer a b',
      'Bearer a\tb',
      'Bearer ä',
      'Bearer ',
      'Bearer',
      'Bearer\u00a0a',
      '',
    ]) {
      expect(why(value), JSON.stringify(value)).toBe('malformed-credentials');
    }
  });

  it('are refused by name when the scheme is another one', () => {
    expect(why('Basic dXNlcjpwYXNz')).toBe('other-scheme');
    expect(why('DPoP abc')).toBe('other-scheme');
  });

  it('never show the token when logged or serialised', () => {
    const result = read('Bearer secret-token');
    if (!result.ok) throw new Error('accepted');
    expect(JSON.stringify({ bearer: result.value })).toBe('{"bearer":"[token]"}');
    expect(String(Object.values(result.value))).not.toContain('secret');
  });
});
