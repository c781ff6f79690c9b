import type { AuditEvent, Store } from '@keyturn/store';
import type { TestDatabase, TestDatabaseKind } from '@keyturn/store/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AccessPolicy, ToolGroup } from './access.ts';
import { accessChannel, type AccessRepository, type Named, openAccessRepository } from './repository.ts';
import { accessMigrations } from './tables.ts';

const now = 1_800_000_000_000;
const event: AuditEvent = {
  kind: 'tool-group.changed',
  actor: { identity: 'admin' },
  action: 'changed',
  outcome: 'allowed',
};
const group: ToolGroup = {
  selectors: [{ source_pattern: 'shop', required_tags: ['read'] }],
  explicit_tool_ids: ['shop/x'],
  excluded_tool_ids: [],
  is_active: true,
};

function named<Definition>(id: string, name: string, definition: Definition): Named<Definition> {
  return { id, name, description: 'why', definition, createdAt: now, updatedAt: now, createdBy: 'admin' };
}

/** What groups and access policies promise, on any database. */
export function accessContract(kind: TestDatabaseKind): void {
  const skipped = kind.skip === undefined ? '' : ` (skipped: ${kind.skip})`;
  describe.skipIf(kind.skip !== undefined)(`groups and access policies on ${kind.name}${skipped}`, () => {
    let database: TestDatabase;
    let store: Store;
    let access: AccessRepository;
    beforeEach(async () => {
      database = await kind.create();
      store = await database.open();
      await store.migrate(accessMigrations);
      access = openAccessRepository(store);
    });
    afterEach(() => database.drop());

    it('are kept whole, by name, and one name once among their kind', async () => {
      const policy: AccessPolicy = {
        claim_matchers: [{ role: 'chef' }],
        allowed_group_ids: ['grp_1'],
        is_active: true,
      };
      expect(await access.insert('group', named('grp_2', 'b', group), event)).toBe(true);
      expect(await access.insert('group', named('grp_1', 'a', group), event)).toBe(true);
      expect(await access.insert('group', named('grp_3', 'a', group), event)).toBe(false);
      expect(await access.insert('policy', named('acp_1', 'a', policy), event)).toBe(true);
      expect(await access.all('group')).toEqual([named('grp_1', 'a', group), named('grp_2', 'b', group)]);
      expect(await access.byId('policy', 'acp_1')).toEqual(named('acp_1', 'a', policy));
      expect(await access.byId('group', 'acp_1')).toBeUndefined();
      expect(await access.replace('group', named('grp_2', 'a', group), event)).toBe('name-taken');
      expect(await access.replace('group', named('grp_2', 'c', { ...group, is_active: false }), event)).toBe(
        'replaced',
      );
      expect(await access.replace('group', named('grp_9', 'd', group), event)).toBe('unknown');
    });

    it('are told to every replica, and a group that a policy names stays', async () => {
      const heard: string[] = [];
      await store.listen(accessChannel, (payload) => void heard.push(payload));
      await access.insert('group', named('grp_1', 'a', group), event);
      const policy = { claim_matchers: [], allowed_group_ids: ['grp_1'], is_active: false };
      await access.insert('policy', named('acp_1', 'a', policy), event);
      expect(await access.remove('group', 'grp_1', event)).toBe('in-use');
      expect(await access.remove('policy', 'acp_1', event)).toBe('removed');
      expect(await access.remove('group', 'grp_1', event)).toBe('removed');
      expect(await access.remove('group', 'grp_1', event)).toBe('unknown');
      await expect.poll(() => heard).toEqual(['grp_1', 'acp_1', 'acp_1', 'grp_1']);
      const rows = await store.audit.list({});
      expect(rows.ok && rows.value.rows.length).toBe(4);
    });
  });
}
