import { describe, expect, it } from 'vitest';
import { nameForMcp, nameOperations } from './names.ts';

const get = (path: string, given?: string) => ({ method: 'GET', path, given });

describe('the name of an operation', () => {
  it('is its operationId, with what cannot stand in an id replaced', () => {
    expect(
      nameOperations([get('/a', 'getMenu'), get('/b', 'repos/list-for-org'), get('/c', ' List all! Pets ')]),
    ).toEqual(['getMenu', 'repos/list-for-org', 'List_all_Pets']);
  });

  it('that is longer than an address or an id may be is cut, with a tail', () => {
    const [long, other, fits] = nameOperations([
      get('/a', 'a'.repeat(300)),
      get('/b', `${'a'.repeat(300)}b`),
      get('/c', 'c'.repeat(166)),
    ]);
    expect(long).toMatch(/^a{55}_[0-9a-f]{8}$/);
    expect([other === long, fits]).toEqual([false, 'c'.repeat(166)]);
  });

  it('is made of method and path where there is none', () => {
    expect(nameOperations([get('/users/{id}/orders.json'), get('/'), get('/x', '日本')])).toEqual([
      'get_users_id_orders_json',
      'get',
      'get_x',
    ]);
  });

  it('that several would have gets a tail for each, whatever their order', () => {
    const [a, b] = nameOperations([get('/users/{id}'), get('/users/id')]);
    expect(a).toMatch(/^get_users_id_[0-9a-f]{8}$/);
    expect(a).not.toBe(b);
    expect(nameOperations([get('/users/id'), get('/x'), get('/users/{id}')])).toEqual([b, 'get_x', a]);
  });
});

describe('the MCP name', () => {
  it('joins source and operation', () => {
    expect(nameForMcp('pizzeria', ['get_menu', 'repos/list'])).toEqual(['pizzeria__get_menu', 'pizzeria__repos_list']);
  });

  it('stays within 64 letters, digits, _ and -, and is unique', () => {
    const operations = ['a'.repeat(166), `${'a'.repeat(165)}b`, 'x/y', 'x.y', 'ok', '_odd'];
    const names = nameForMcp('pizzeria', operations);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
    expect(new Set(names).size).toBe(operations.length);
    expect(names).toEqual([...nameForMcp('pizzeria', operations.toReversed())].toReversed());
  });

  it('does not depend on what else there is, unless that has the same name', () => {
    expect(nameForMcp('pizzeria', ['b'])[0]).toBe(nameForMcp('pizzeria', ['a', 'b', 'c'])[1]);
  });

  it('of two sources is never the same', () => {
    const pairs = [
      ['a', '_b'],
      ['a_', 'b'],
      ['a__b', 'c'],
      ['a', 'b__c'],
    ] as const;
    const names = pairs.flatMap(([slug, operation]) => nameForMcp(slug, [operation]));
    expect(new Set(names).size).toBe(pairs.length);
  });
});
