import { randomBytes } from 'node:crypto';
import { newId } from '@keyturn/protocol';
import type { AuditEvent, Store } from '@keyturn/store';
import type { TestDatabase, TestDatabaseKind } from '@keyturn/store/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { countTools, stateOf } from './kept-tool.ts';
import { openSourceRepository, type SourceRepository, sourcesChannel } from './repository.ts';
import { type ReadTool, settleReading } from './settle.ts';
import type { Source } from './source.ts';
import { sourceMigrations } from './tables.ts';

const now = 1_800_000_000_000;
const event = (kind: string): AuditEvent => ({ kind, actor: { identity: 'admin' }, action: kind, outcome: 'allowed' });

function newSource(slug: string, more: Partial<Source> = {}): Source {
  return {
    id: newId('src', randomBytes),
    slug,
    name: slug,
    sourceType: 'openapi',
    url: 'https://api.example/openapi.json',
    serverUrl: undefined,
    description: undefined,
    defaultAudience: 'api',
    requiredScopes: ['read'],
    passthrough: 'forbidden',
    auth: undefined,
    include: undefined,
    exclude: undefined,
    hints: {},
    review: 'review',
    syncInterval: undefined,
    enabled: true,
    sealedSecret: undefined,
    lastSync: { at: now, outcome: 'changed' },
    failures: 0,
    warnings: [],
    inventoryHash: 'h',
    createdAt: now,
    updatedAt: now,
    createdBy: 'admin',
    revision: 1,
    ...more,
  };
}

/** One tool of a reading; `version` stands for all that is in it. */
function read(operation: string, version = 1): ReadTool {
  return {
    operation,
    mcpName: `api__${operation}`,
    method: 'GET',
    path: `/${operation}`,
    origin: 'https://api.example',
    hash: `${operation}-${version}`,
    json: JSON.stringify({ operationId: operation, version }),
  };
}

const policy = { review: 'review', first: false, serverGiven: false, origin: 'https://api.example' } as const;

/** What the registry promises, on any database. */
export function sourceContract(kind: TestDatabaseKind): void {
  const skipped = kind.skip === undefined ? '' : ` (skipped: ${kind.skip})`;
  describe.skipIf(kind.skip !== undefined)(`sources on ${kind.name}${skipped}`, () => {
    let database: TestDatabase;
    let store: Store;
    let sources: SourceRepository;
    beforeEach(async () => {
      database = await kind.create();
      store = await database.open();
      await store.migrate(sourceMigrations);
      sources = openSourceRepository(store);
    });
    afterEach(() => database.drop());

    const insert = (source: Source, tools: readonly ReadTool[], syncAt?: number) =>
      sources.insert(source, {
        settled: settleReading([], tools, { ...policy, first: true }),
        by: 'admin',
        syncAt,
        events: [event('source.registered')],
      });
    /** Takes over a reading, as a sync does. */
    const sync = async (source: Source, tools: readonly ReadTool[]) => {
      const before = await sources.byId(source.id);
      if (before === undefined) throw new Error('no source');
      const settled = settleReading(await sources.heads(source.id), tools, policy);
      const after = { ...before, updatedAt: now + 1 };
      const stored = await sources.change({ before, after, settled, by: 'keyturn', syncAt: undefined, events: [] });
      return { stored, diff: settled.diff };
    };
    const states = async (source: Source) =>
      Object.fromEntries((await sources.heads(source.id)).map((head) => [head.operation, stateOf(head)]));
    const offered = async (source: Source) =>
      (await sources.offered(source.id)).map((tool) => tool as unknown as { operationId: string; version: number });

    it('are kept whole, by slug, and one slug once', async () => {
      const [b, a] = [newSource('b'), newSource('a')];
      expect(await insert(b, [read('x')])).toBe(true);
      expect(await insert(a, [])).toBe(true);
      expect((await sources.all()).map(({ slug }) => slug)).toEqual(['a', 'b']);
      expect(await sources.byId(b.id)).toEqual(JSON.parse(JSON.stringify(b)));
      expect(await sources.bySlug('b')).toMatchObject({ id: b.id });
      expect(await insert(newSource('b'), [read('y')])).toBe(false);
      expect((await sources.counts()).get(b.id)).toEqual(countTools(await sources.heads(b.id)));
    });

    it('offer what is accepted, and keep what is new, changed and gone apart', async () => {
      const source = newSource('a');
      await insert(source, [read('kept'), read('other'), read('lost')]);
      const { diff } = await sync(source, [read('kept'), read('other', 2), read('fresh')]);
      expect(diff).toEqual({ added: ['fresh'], changed: ['other'], removed: ['lost'], pending: ['other', 'fresh'] });
      expect(await states(source)).toEqual({ kept: 'offered', other: 'changed', fresh: 'added', lost: 'gone' });
      expect(await offered(source)).toEqual([{ operationId: 'kept', version: 1 }]);
      // Both readings are there to be compared, also after a third.
      await sync(source, [read('kept'), read('other', 3), read('fresh')]);
      const kept = await sources.tool(source.id, 'other');
      expect(kept).toMatchObject({ tool: { version: 3 }, accepted: { version: 1 } });
    });

    it('accept exactly what was looked at', async () => {
      const source = newSource('a');
      await insert(source, [read('x')]);
      await sync(source, [read('x', 2)]);
      const accept = (hash: string) =>
        sources.mark(source.id, [{ operation: 'x', accept: { hash, at: now, by: 'eve' } }], event('source.accepted'));
      await accept('x-1');
      expect(await states(source)).toEqual({ x: 'changed' });
      await accept('x-2');
      expect(await offered(source)).toEqual([{ operationId: 'x', version: 2 }]);
      expect((await sources.tool(source.id, 'x'))?.head).toMatchObject({ acceptedBy: 'eve', acceptedHash: 'x-2' });
    });

    it('remember what a person switched off, over loss and return', async () => {
      const source = newSource('a');
      await insert(source, [read('x'), read('y')]);
      await sources.mark(source.id, [{ operation: 'x', enabled: false }], event('source.tools-disabled'));
      await sync(source, [read('y')]);
      await sync(source, [read('x'), read('y')]);
      expect(await states(source)).toEqual({ x: 'disabled', y: 'offered' });
    });

    it('let of two changes that meet only one through', async () => {
      const source = newSource('a');
      await insert(source, [read('x')]);
      const before = await sources.byId(source.id);
      if (before === undefined) throw new Error('no source');
      const change = (name: string) =>
        sources.change({ before, after: { ...before, name }, by: 'a', syncAt: undefined, events: [] });
      const done = await Promise.all(['one', 'two', 'three'].map(change));
      expect(done.filter(Boolean)).toHaveLength(1);
      expect((await sources.byId(source.id))?.revision).toBe(before.revision + 1);
    });

    it('tell every listener of what callers can see, and of nothing else', async () => {
      const heard: string[] = [];
      await store.listen(sourcesChannel, (payload) => void heard.push(payload));
      const source = newSource('a');
      await insert(source, [read('x')]);
      await expect.poll(() => heard.length).toBe(1);
      // A sync that found nothing: only the time of it is noted.
      await sync(source, [read('x')]);
      await sync(source, [read('x'), read('y')]);
      await expect.poll(() => heard.length).toBe(2);
      expect(heard).toEqual([source.id, source.id]);
    });

    it('that are due are taken by one replica each', async () => {
      const [soon, later, never] = [newSource('a'), newSource('b'), newSource('c')];
      await insert(soon, [], now);
      await insert(later, [], now + 1000);
      await insert(never, []);
      // In memory there is one database a connection.
      const replica = kind.name === 'SQLite in memory' ? sources : openSourceRepository(await database.open());
      const taken = await Promise.all([sources.takeDue(now, 500), replica.takeDue(now, 500)]);
      expect(taken.flat()).toEqual([soon.id]);
      expect(await sources.takeDue(now + 499, 500)).toEqual([]);
      // Whoever took it has died.
      expect(await sources.takeDue(now + 500, 500)).toEqual([soon.id]);
      await sources.scheduleMissing(() => now);
      expect(await sources.takeDue(now, 500)).toEqual([never.id]);
    });

    it('that were registered before tools had rows of their own stay, and count as accepted', async () => {
      const old = await kind.create();
      const before = await old.open();
      await before.migrate(sourceMigrations.slice(0, 1));
      const tool = { operationId: 'x', mcpName: 'a__x', method: 'GET', path: '/x', server: 'https://api.example/v1' };
      const values = {
        id: 'src_old',
        slug: 'a',
        name: 'A',
        url: 'https://api.example/openapi.json',
        source_type: 'openapi',
        description: null,
        default_audience: 'api',
        required_scopes: '["read"]',
        passthrough: 'forbidden',
        enabled: 1,
        tools: JSON.stringify([tool]),
        inventory_hash: 'h',
        created_at: now,
        updated_at: now,
        created_by: 'admin',
      };
      await before.db
        .withTables<{ sources_source: typeof values }>()
        .insertInto('sources_source')
        .values(values)
        .execute();
      await before.migrate(sourceMigrations);
      const moved = openSourceRepository(before);
      expect(await moved.byId('src_old')).toMatchObject({
        slug: 'a',
        defaultAudience: 'api',
        review: 'auto',
        enabled: true,
      });
      expect(await moved.offered('src_old')).toMatchObject([{ operationId: 'x', path: '/x' }]);
      expect(await moved.heads('src_old')).toMatchObject([{ origin: 'https://api.example', acceptedBy: 'admin' }]);
      await old.drop();
    });

    it('go with all their tools, and with a row of the audit', async () => {
      const source = newSource('a');
      await insert(source, [read('x')]);
      expect(await sources.remove(source.id, event('source.removed'))).toBe(true);
      expect(await sources.remove(source.id, event('source.removed'))).toBe(false);
      expect(await sources.heads(source.id)).toEqual([]);
      const listed = await store.audit.list({});
      expect(listed.ok && listed.value.rows.map((row) => row.kind)).toEqual(['source.removed', 'source.registered']);
    });
  });
}
