import { createHash, generateKeyPairSync } from 'node:crypto';
import { epochMilliseconds, type JsonObject } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import type { CheckpointSigner } from '../audit/checkpoint.ts';
import { verifyExport } from '../audit/verify-export.ts';
import type { Store } from '../store.ts';
import type { TestDatabase } from '../testing/test-databases.ts';

const pair = generateKeyPairSync('ed25519');
const signer: CheckpointSigner = { keyId: 'k1', privateKey: pair.privateKey };
const jwk: JsonObject = { ...JSON.parse(JSON.stringify(pair.publicKey.export({ format: 'jwk' }))), kid: 'k1' };
const event = { kind: 'tool.call', actor: { identity: 'jane' }, action: 'call', outcome: 'allowed' as const };

/** What checkpoints, retention and exports promise. */
export function auditExportContract(database: () => TestDatabase): void {
  describe('an export of the audit', () => {
    async function filled(rows = 6): Promise<Store> {
      const store = await database().open();
      await store.migrate([]);
      for (let i = 1; i <= rows; i += 1) {
        await store.audit.record({ ...event, target: `t${i}`, at: epochMilliseconds(Date.now() - 10_000 + i) });
        if (i === 3) await store.audit.checkpoint(signer);
      }
      await store.audit.checkpoint(signer);
      return store;
    }
    const linesOf = async (store: Store, range: object = {}): Promise<string[]> => {
      const lines: string[] = [];
      for await (const text of store.audit.export({ keys: [jwk], at: epochMilliseconds(0), ...range }))
        lines.push(text.trimEnd());
      return lines;
    };
    const outcomeOf = async (lines: readonly string[], options = {}) => {
      const found = await verifyExport(lines, options);
      return found.ok ? 'good' : `${found.refusal.why} ${found.refusal.seq ?? ''}`.trim();
    };
    const rowAt = (lines: readonly string[], seq: number) =>
      lines.findIndex((text) => text.includes('"type":"row"') && text.includes(`"seq":${seq},`));
    const without = (lines: readonly string[], seq: number) => lines.filter((_, i) => i !== rowAt(lines, seq));
    const recount = (lines: readonly string[]) =>
      lines.map((text) =>
        text.includes('"type":"end"')
          ? JSON.stringify({ type: 'end', rows: lines.filter((one) => one.includes('"type":"row"')).length })
          : text,
      );

    it('is verified, with its checkpoints, of any number of chains', async () => {
      const store = await filled();
      const other = await database().open();
      await other.migrate([]);
      await other.audit.record(event);
      await store.audit.checkpoint(signer);
      const found = await verifyExport(await linesOf(store), { keys: [jwk] });
      const rows = store.dialect === 'sqlite' && found.ok && found.value.chains === 1 ? 6 : 7;
      expect(found).toMatchObject({ ok: true, value: { rows, keyIds: ['k1'], partial: false } });
    });

    it('has no checkpoint where nothing has moved', async () => {
      const store = await filled();
      expect(await store.audit.checkpoint(signer)).toBeUndefined();
    });

    it('names the first link that is broken', async () => {
      const good = await linesOf(await filled());
      expect(await outcomeOf(good)).toBe('good');
      const swap = [...good];
      const [a, b] = [rowAt(good, 2), rowAt(good, 3)];
      [swap[a], swap[b]] = [good[b] ?? '', good[a] ?? ''];
      const cases: [string, readonly string[]][] = [
        ['altered 4', good.map((text, i) => (i === rowAt(good, 4) ? text.replace('jane', 'john') : text))],
        ['missing 2', recount(without(good, 2))],
        ['missing 1', recount(without(good, 1))],
        ['reordered 2', swap],
        ['repeated 3', good.flatMap((text, i) => (i === rowAt(good, 3) ? [text, text] : [text]))],
        ['truncated 6', recount(without(good, 6))],
        ['truncated 6', recount(without(without(good, 6), 5))],
        ['no-export', good.slice(0, -1)],
        ['no-export', good.slice(1)],
        ['missing', without(good, 6)],
        ['checkpoint-missing 1', swapCheckpoints(good)],
        [
          'checkpoint-altered 1',
          good.map((text) =>
            text.includes('"type":"checkpoint","seq":1,') ? text.replace('"seq":3', '"seq":2') : text,
          ),
        ],
      ];
      for (const [expected, lines] of cases) {
        expect(await outcomeOf(lines), expected).toBe(expected);
      }
    });

    it('notices a chain that was written anew from the first row on', async () => {
      const good = await linesOf(await filled());
      let prev = '';
      const forged = good.map((text) => {
        const { type, hash: _, ...row }: JsonObject = JSON.parse(text);
        if (type !== 'row') return text;
        const body = { ...row, prev, actor: { identity: 'nobody' } };
        const sorted = JSON.stringify(body, [...new Set([...Object.keys(body), 'identity'])].sort());
        prev = createHash('sha256').update(sorted).digest('hex');
        return JSON.stringify({ type, ...body, hash: prev });
      });
      expect(await outcomeOf(forged)).toBe('replaced 3');
    });

    it('is worth what its key is worth', async () => {
      const good = await linesOf(await filled());
      const stranger = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
      const keys = [{ ...JSON.parse(JSON.stringify(stranger)), kid: 'k1' }];
      expect(await outcomeOf(good, { keys })).toBe('checkpoint-altered 1');
      expect(await outcomeOf(good, { keys: [] })).toBe('unknown-key 1');
    });

    it('is known to lack its end, checkpoints and all, by who kept the hash of the last one', async () => {
      const store = await filled();
      const whole = await verifyExport(await linesOf(store));
      const kept = whole.ok ? whole.value.lastCheckpoint : undefined;
      const good = await linesOf(store);
      const shortened = recount(
        good.filter((text) => !/"seq":(?:4|5|6),/.test(text) && !text.includes('"type":"checkpoint","seq":2')),
      );
      expect(await outcomeOf(shortened)).toBe('good');
      expect(await outcomeOf(shortened, { checkpoint: kept })).toBe('checkpoint-missing');
      expect(await outcomeOf(good, { checkpoint: kept })).toBe('good');
    });

    it('can be verified after retention has removed what is old, and not after anybody else has', async () => {
      const store = await filled();
      const page = await store.audit.list({ target: 't4' });
      const fourth = page.ok ? page.value.rows[0]?.at : undefined;
      if (fourth === undefined) throw new Error('no row');
      expect(await store.audit.prune(fourth, signer)).toBe(3);
      expect(await store.audit.prune(fourth, signer)).toBe(0);
      const lines = await linesOf(store);
      expect(await verifyExport(lines)).toMatchObject({ ok: true, value: { rows: 3 } });
      expect(await outcomeOf(recount(without(lines, 4)))).toBe('missing 4');
      await store.audit.record(event);
      await store.audit.checkpoint(signer);
      expect(await outcomeOf(await linesOf(store))).toBe('good');
      // All of it may be gone, and that is known too.
      await store.audit.prune(epochMilliseconds(Date.now() + 1000), signer);
      const rest = await linesOf(store);
      expect(await verifyExport(rest)).toMatchObject({ ok: true, value: { rows: 0 } });
    });

    it('of a stretch of time is verified as far as it goes, and says that it is a part', async () => {
      const store = await filled();
      const page = await store.audit.list({ target: 't3' });
      const third = page.ok ? page.value.rows[0]?.at : undefined;
      const lines = await linesOf(store, { from: third });
      expect(await verifyExport(lines)).toMatchObject({ ok: true, value: { rows: 4, partial: true } });
      expect(await outcomeOf(recount(without(lines, 4)))).toBe('missing 4');
    });
  });
}

function swapCheckpoints(lines: readonly string[]): readonly string[] {
  const first = lines.findIndex((text) => text.includes('"type":"checkpoint","seq":1,'));
  const swapped = [...lines];
  [swapped[first], swapped[first + 1]] = [lines[first + 1] ?? '', lines[first] ?? ''];
  return swapped;
}
