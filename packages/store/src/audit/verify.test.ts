import { hash } from 'node:crypto';
import { epochMilliseconds, type Json } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from './canonical-json.ts';
import type { AuditEvent, AuditRow } from './event.ts';
import { placeEvent, prepareEvent } from './prepare.ts';
import { readRow } from './row.ts';
import { verifyAudit } from './verify.ts';

const event: AuditEvent = {
  kind: 'tool.call',
  actor: { identity: 'agent-1', client: 'agent', issuer: 'https://idp.example' },
  onBehalfOf: { identity: 'johndoe' },
  action: 'execute',
  target: 'pizzeria/orderPizza',
  outcome: 'refused',
  reason: 'scope_missing',
  requestId: 'req_1',
  facts: { z: 1, a: { c: [1, 'ü', null], b: 1e21 } },
};

function chainOf(length: number, chain = 'aud_00000000000000000000000000'): readonly AuditRow[] {
  const rows: AuditRow[] = [];
  for (let seq = 1; seq <= length; seq += 1) {
    const prepared = prepareEvent({ ...event, target: `t${seq}` }, epochMilliseconds(seq));
    rows.push(readRow(placeEvent(prepared, chain, seq, rows.at(-1)?.hash ?? '')));
  }
  return rows;
}

/** A row with other content and a hash that fits it, as a forger would make it. */
function forge(row: AuditRow, change: Partial<AuditRow>): AuditRow {
  const { hash: _, ...changed } = { ...row, ...change };
  // A row is JSON; its interfaces only lack the index signature that says so.
  return { ...changed, hash: hash('sha256', canonicalJson(changed as unknown as Json), 'hex') };
}

const rows = chainOf(5);
const [first, second, third, fourth, fifth] = rows as [AuditRow, AuditRow, AuditRow, AuditRow, AuditRow];
const chain = first.chain;

describe('a chain of audit rows', () => {
  it('is whole in any order, and beside other chains', () => {
    const other = chainOf(3, 'aud_11111111111111111111111111');
    const shuffled = [...other, ...rows].toSorted((a, b) => (a.hash < b.hash ? -1 : 1));
    expect(verifyAudit(shuffled)).toEqual({ ok: true, value: { chains: 2, rows: 8 } });
    expect(verifyAudit([])).toEqual({ ok: true, value: { chains: 0, rows: 0 } });
  });

  it('is whole after it was written as JSON and read again', () => {
    const lines = rows.map((row) => JSON.stringify(row));
    const read: AuditRow[] = lines.map((line) => JSON.parse(line));
    expect(verifyAudit(read).ok).toBe(true);
  });

  it('may begin in its middle, where retention has removed the rest', () => {
    expect(verifyAudit([third, fourth, fifth])).toEqual({ ok: true, value: { chains: 1, rows: 3 } });
  });

  it.each<[string, Partial<AuditRow>]>([
    ['time', { at: epochMilliseconds(9) }],
    ['kind', { kind: 'x' }],
    ['actor', { actor: { ...event.actor, identity: 'someone else' } }],
    ['actor’s client', { actor: { identity: event.actor.identity } }],
    ['principal', { onBehalfOf: { identity: 'janedoe' } }],
    ['action', { action: 'x' }],
    ['target', { target: 'x' }],
    ['outcome', { outcome: 'allowed' }],
    ['reason', { reason: undefined }],
    ['request', { requestId: 'req_2' }],
    ['facts', { facts: { z: 2, a: { c: [1, 'ü', null], b: 1e21 } } }],
    ['predecessor', { prev: first.prev }],
    ['hash', { hash: '0'.repeat(64) }],
  ])('is broken where someone changed a %s', (_, change) => {
    expect(verifyAudit(rows.with(2, { ...third, ...change }))).toEqual({
      ok: false,
      refusal: { why: 'altered', chain, seq: 3 },
    });
  });

  it('is broken after a row that was changed together with its hash', () => {
    const forged = forge(third, { outcome: 'allowed' });
    expect(verifyAudit(rows.with(2, forged))).toEqual({ ok: false, refusal: { why: 'cut', chain, seq: 4 } });
  });

  it('is broken where rows were taken out', () => {
    expect(verifyAudit([first, second, fifth])).toEqual({ ok: false, refusal: { why: 'missing', chain, seq: 5 } });
  });

  it('is broken where a row was put in', () => {
    expect(verifyAudit([...rows, forge(third, { target: 'x' })])).toMatchObject({
      ok: false,
      refusal: { why: 'repeated', chain, seq: 3 },
    });
  });

  it('is broken where a beginning was forged', () => {
    expect(verifyAudit([forge(first, { prev: 'x' })])).toEqual({ ok: false, refusal: { why: 'cut', chain, seq: 1 } });
  });

  it('is broken where a row came from another chain', () => {
    const [, strange] = chainOf(2, 'aud_11111111111111111111111111');
    const moved = forge({ ...(strange ?? second), chain }, {});
    expect(verifyAudit([first, moved, third]).ok).toBe(false);
  });

  it('names the first break of several', () => {
    const broken = rows.map((row) => (row.seq >= 3 ? { ...row, action: 'x' } : row));
    expect(verifyAudit(broken)).toEqual({ ok: false, refusal: { why: 'altered', chain, seq: 3 } });
  });
});
