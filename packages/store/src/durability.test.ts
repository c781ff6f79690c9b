import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { epochMilliseconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import type { AuditRow } from './audit/event.ts';
import { openStore } from './open-store.ts';

const options = (url: string) => ({
  url,
  clock: () => epochMilliseconds(Date.now()),
  random: (n: number) => randomBytes(n),
});

/** Records without end, sixteen at a time, and prints the target of each that is durable. */
const writer = `
  import { randomBytes } from 'node:crypto';
  import { writeSync } from 'node:fs';
  import { openStore } from ${JSON.stringify(new URL('./open-store.ts', import.meta.url).href)};
  const store = await openStore({ url: process.argv[1], clock: () => Date.now(), random: (n) => randomBytes(n) });
  await store.migrate([]);
  let next = 0;
  const work = async () => {
    for (;;) {
      const target = String(next++);
      await store.audit.record({ kind: 'test', actor: { identity: 'writer' }, action: 'write', target, outcome: 'allowed' });
      writeSync(1, target + '\\n');
    }
  };
  for (let i = 0; i < 16; i += 1) work();
`;

describe('an event whose record has resolved', () => {
  it('survives the process being killed in the next moment', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyturn-kill-'));
    const url = `sqlite:${join(folder, 'keyturn.db')}`;
    try {
      const child = spawn(process.execPath, ['--input-type=module', '-e', writer, url], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const confirmed: string[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        confirmed.push(line);
        if (confirmed.length === 300) child.kill('SIGKILL');
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      expect(child.signalCode).toBe('SIGKILL');

      await using store = await openStore(options(url));
      const rows: AuditRow[] = [];
      for (let after: string | undefined, first = true; first || after !== undefined; first = false) {
        const page = await store.audit.list({}, { limit: 1000, ...(after === undefined ? {} : { after }) });
        if (!page.ok) throw new Error(page.refusal.why);
        rows.push(...page.value.rows);
        after = page.value.next;
      }
      const written = new Set(rows.map((row) => row.target));
      expect(confirmed.filter((target) => !written.has(target))).toEqual([]);
      expect(confirmed.length).toBeGreaterThanOrEqual(300);
      expect(store.audit.verify(rows)).toMatchObject({ ok: true, value: { chains: 1 } });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
