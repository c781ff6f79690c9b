import { randomBytes } from 'node:crypto';
import { epochMilliseconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { createGroup, createRealm, deleteGroup, type Group, groupByPath, groupPath, openState } from './index.ts';

function openRealm() {
  const state = openState({
    path: ':memory:',
    clock: () => epochMilliseconds(1_700_000_000_000),
    random: (n) => randomBytes(n),
  });
  createRealm(state, { realm: 'master', enabled: true });
  const realm = createRealm(state, { realm: 'golden', enabled: true });
  if (!realm.ok) throw new Error('refused');
  const realmId = realm.value.id;
  const make = (name: string, parent?: Group): Group => {
    const made = createGroup(state, realmId, { name, ...(parent === undefined ? {} : { parentId: parent.id }) });
    if (!made.ok) throw new Error(`refused: ${name}`);
    return made.value;
  };
  return { state, realmId, make };
}

describe('groups', () => {
  it('have names that are unique among siblings, and free again when one is renamed, moved or deleted', () => {
    const { state, realmId, make } = openRealm();
    const [one, two] = [make('one'), make('two')];
    const child = make('child', one);
    const clash = (name: string, parentId?: string): boolean =>
      !createGroup(state, realmId, { name, ...(parentId === undefined ? {} : { parentId }) }).ok;
    expect([clash('one'), clash('child', one.id)]).toEqual([true, true]);
    expect(createGroup(state, realmId, { name: 'one' })).toMatchObject({ refusal: { what: 'top-group' } });
    make('child', two);
    make('child');

    const renamed = state.groups.put({ ...child, name: 'renamed' });
    expect(groupByPath(state, realmId, '/one/child')).toBeUndefined();
    expect(groupByPath(state, realmId, '/one/renamed')).toEqual(renamed);
    const moved = state.groups.put({ ...renamed, parentId: two.id });
    expect([groupPath(state, moved), groupByPath(state, realmId, 'two/renamed')]).toEqual(['/two/renamed', moved]);
    make('renamed', one);
    deleteGroup(state, two);
    expect(groupByPath(state, realmId, '/two/renamed')).toBeUndefined();
    make('child', make('two'));
  });

  it('are found by every way to read a path whose names hold slashes, and by none that does not end in a group', () => {
    const { state, realmId, make } = openRealm();
    const a = make('a');
    const found = (path: string) => groupByPath(state, realmId, path)?.id;
    const whole = make('a/b/c');
    expect(found('/a/b/c')).toBe(whole.id);
    const below = make('b/c', a);
    expect(found('/a/b/c')).toBe(below.id);
    const deep = make('c', make('b', a));
    expect(found('/a/b/c')).toBe(deep.id);
    expect([found('/a/b/c/d'), found('/a/'), found('/'), found('')]).toEqual(Array(4).fill(undefined));
    expect(found('/["a"]')).toBeUndefined();
  });

  it('are made and found without a look at those beside them, however many there are', () => {
    const { state, realmId, make } = openRealm();
    let looked = 0;
    const groups: typeof state.groups = {
      ...state.groups,
      by: (...given) => {
        const found = state.groups.by(...given);
        looked += found.length;
        return found;
      },
    };
    for (let i = 0; i < 500; i++) make(`group ${i}`);
    const counted = { ...state, groups };
    expect(createGroup(counted, realmId, { name: 'one more' }).ok).toBe(true);
    expect(createGroup(counted, realmId, { name: 'group 7' }).ok).toBe(false);
    expect(groupByPath(counted, realmId, '/group 499')?.name).toBe('group 499');
    expect(looked).toBe(2);
  });
});
