import { describe, expect, it } from 'vitest';
import { clientReader } from '../representation/client.ts';
import { groupReader } from '../representation/group.ts';
import { realmReader } from '../representation/realm.ts';
import { userReader } from '../representation/user.ts';
import { readBody } from './body.ts';

describe('a body', () => {
  it('with a member that Keycloak has not is refused at Jackson’s place', () => {
    const places: [string, number, number][] = [
      ['{"clientId":"zz","banana":true}', 1, 31],
      ['{"clientId":"zz","banana":"x"}', 1, 28],
      ['{"clientId":"zz","banana":{"a":1}}', 1, 28],
      ['{\n  "banana": 12,\n  "clientId": "zz"\n}', 2, 15],
      ['{"name":"ä","banana":null}', 1, 27],
      ['{"attributes":{"a":"}]{,","b":"\\"}"},"redirectUris":["a","b"],"banana":1}', 1, 73],
    ];
    for (const [body, line, column] of places) {
      const refusal = { why: 'unknown-field', representation: 'ClientRepresentation', field: 'banana', line, column };
      expect(readBody(body, clientReader)).toEqual({ ok: false, refusal });
    }
  });

  it('is refused for a member of an inner representation in that one’s name', () => {
    const body = '{"realm":"x","clients":[{"clientId":"a"},{"clientId":"b","protocolMappers":[{"nme":"m"}]}]}';
    expect(readBody(body, realmReader)).toMatchObject({
      ok: false,
      refusal: { representation: 'ProtocolMapperRepresentation', field: 'nme' },
    });
  });

  it('has texts where Keycloak’s reader makes them of flags and numbers, and the other way round', () => {
    const body =
      '{"clientId":7,"enabled":"True","notBefore":"5","attributes":{"a":1,"b":false,"c":null},"redirectUris":["a",1]}';
    expect(readBody(body, clientReader)).toEqual({
      ok: true,
      value: {
        clientId: '7',
        enabled: true,
        notBefore: 5,
        attributes: { a: '1', b: 'false', c: null },
        redirectUris: ['a', '1'],
      },
    });
  });

  it('of another shape is refused', () => {
    for (const body of [
      '[]',
      '"x"',
      '1',
      'null',
      '{"redirectUris":"a"}',
      '{"redirectUris":[null]}',
      '{"attributes":[]}',
      '{"enabled":"maybe"}',
      '{"notBefore":1e300}',
      '{"protocolMappers":{}}',
    ]) {
      expect(readBody(body, clientReader)).toMatchObject({ ok: false, refusal: { why: 'wrong-type' } });
    }
    for (const body of ['', '{', '{"a":}', '{a:1}', '{"clientId":"a"} x', 'NaN', '\u0000']) {
      expect(readBody(body, clientReader)).toMatchObject({ ok: false, refusal: { why: 'not-json' } });
    }
  });

  it('nested without end is refused before anybody walks it', () => {
    const deep = (text: string): string => text.repeat(200_000);
    expect(readBody(deep('['), clientReader)).toMatchObject({ refusal: { why: 'not-json' } });
    expect(readBody(deep('{"subGroups":['), groupReader)).toMatchObject({ refusal: { why: 'not-json' } });
    const brackets = `{"description":"${deep('[')}"}`;
    expect(readBody(brackets, groupReader).ok).toBe(true);
  });

  it('may name a member __proto__ without touching any prototype', () => {
    const read = readBody('{"username":"x","attributes":{"__proto__":["polluted"],"constructor":["c"]}}', userReader);
    if (!read.ok) throw new Error('refused');
    expect(Object.keys(read.value.attributes ?? {})).toEqual(['__proto__', 'constructor']);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(readBody('{"__proto__":{"enabled":true}}', userReader)).toMatchObject({ refusal: { field: '__proto__' } });
  });
});
