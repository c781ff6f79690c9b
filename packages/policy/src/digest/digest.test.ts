import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DigestedCall, digestOf } from './digest.ts';
import { parseJson } from './parse-json.ts';

const call: DigestedCall = {
  caller: { issuer: 'https://idp.test/realms/aip', identity: 'aip-agent-1', client: 'aip-agent-1' },
  action: 'tool.call',
  tool: 'pizzeria/cancel_order',
  args: { order: 7, reason: 'cold' },
  policyVersion: 'guard@3',
};

describe('the digest of a call', () => {
  it('is fixed: another build must find the approvals of this one', () => {
    expect(digestOf(call)).toBe('v1:SljXlbdUfXMIAPdoLAUZKC94cLD2j1-jgZJecngEAAc');
  });

  it.each<[string, Partial<DigestedCall>]>([
    ['another identity', { caller: { ...call.caller, identity: 'AIP-agent-1' } }],
    ['another issuer', { caller: { ...call.caller, issuer: 'https://idp.test/realms/AIP' } }],
    ['another client', { caller: { ...call.caller, client: 'x' } }],
    ['another token of the same owner', { caller: { ...call.caller, pat: 'pat_1' } }],
    ['another person behind the agent', { caller: { ...call.caller, onBehalfOf: 'jane' } }],
    ['another action', { action: 'scale-down' }],
    ['another tool', { tool: 'pizzeria/cancel_orders' }],
    ['a target', { target: 'pizzeria/cancel_order' }],
    ['the tool as target', { tool: undefined, target: 'pizzeria/cancel_order' }],
    ['another policy version', { policyVersion: 'guard@4' }],
    ['another argument', { args: { order: 8, reason: 'cold' } }],
    ['an argument more', { args: { order: 7, reason: 'cold', force: false } }],
    ['an argument that is null', { args: { order: 7, reason: null } }],
    ['a number as text', { args: { order: '7', reason: 'cold' } }],
    ['no arguments', { args: undefined }],
    ['empty arguments', { args: {} }],
    ['another form of the same letters', { args: { order: 7, reason: 'cold\u200b' } }],
  ])('differs for %s', (_, change) => {
    expect(digestOf({ ...call, ...change })).not.toBe(digestOf(call));
  });

  it.each([
    '{"reason":"cold","order":7}',
    '{ "order" : 7.0 , "reason" : "\\u0063old" }',
    '{"order":70e-1,"reason":"cold"}',
  ])('is the same however the same arguments are spelt: %s', (text) => {
    const parsed = parseJson(text);
    if (!parsed.ok) throw new Error(parsed.refusal.why);
    expect(digestOf({ ...call, args: { ...JSON.parse(text) } })).toBe(digestOf(call));
  });

  it('is equal for two sets of arguments only if they are the same JSON', () => {
    const args = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(args, args, (a, b) => {
        const one = JSON.parse(JSON.stringify(a));
        const other = JSON.parse(JSON.stringify(b));
        const same = digestOf({ ...call, args: one }) === digestOf({ ...call, args: other });
        expect(same).toBe(fc.stringify(sorted(one)) === fc.stringify(sorted(other)));
      }),
    );
  });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => [name, sorted(member)]);
}
