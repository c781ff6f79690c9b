import { describe, expect, it } from 'vitest';
import { parseRealmFile, showRealmFileFault } from './parse.ts';

const parse = (text: string, path = 'realm.yaml', env = {}) => parseRealmFile(text, { path, env });
const faultsOf = (text: string, path?: string) => {
  const result = parse(text, path);
  return result.ok ? [] : result.refusal.map(showRealmFileFault);
};

describe('a realm file', () => {
  it('may be YAML or JSON and keeps members that Keyturn does not know', () => {
    const expected = { ok: true, value: { realm: 'aip', enabled: true, browserFlow: 'browser', x: { y: [1] } } };
    expect(parse('realm: aip\nenabled: true\nbrowserFlow: browser\nx: {y: [1]}\n')).toEqual(expected);
    expect(parse('{"realm":"aip","enabled":true,"browserFlow":"browser","x":{"y":[1]}}', 'aip-realm.json')).toEqual(
      expected,
    );
  });

  it('gives flags and numbers their type after placeholders, and attributes their text', () => {
    const text =
      'realm: a\nenabled: ${ON:true}\naccessTokenLifespan: "${LIFE:300}"\nattributes: {a: 5, b: true, c: null}';
    expect(parse(text)).toEqual({
      ok: true,
      value: { realm: 'a', enabled: true, accessTokenLifespan: 300, attributes: { a: '5', b: 'true', c: '' } },
    });
  });

  it('reads words such as "no" and "on" as text, not as flags', () => {
    expect(parse('realm: no\ndisplayName: on')).toMatchObject({ value: { realm: 'no', displayName: 'on' } });
  });
});

describe('a fault in a realm file', () => {
  it('has line and column, and all are told at once', () => {
    const text =
      'realm: aip\nclients:\n  - clientId: a\n    secret: ${A_SECRET}\n    enabled: perhaps\n  - enabled: true\n';
    expect(faultsOf(text)).toEqual([
      'realm.yaml:4:13: clients[0].secret: the environment variable A_SECRET is not set, and ${A_SECRET} has no default',
      'realm.yaml:5:14: clients[0].enabled: must be true or false',
      'realm.yaml:6:5: clients[1]: a client needs "clientId"',
    ]);
  });

  it.each([
    ['{\n "realm": "a", // no\n "enabled": true }', 'r.json:2:16: JSON has no comments'],
    ['{"realm": "a"', 'r.json:1:14: "," or "}" is expected here'],
    ['{"realm": "a",}', 'r.json:1:15: a member name in double quotes is expected here'],
    ["{'realm': 'a'}", 'r.json:1:2: a member name in double quotes is expected here'],
    ['', 'r.json:1:1: the text ends too early'],
    ['{"realm": 01}', 'r.json:1:11: a value is expected here'],
    ['{"realm": "a"} x', 'r.json:1:16: nothing may follow the value'],
    ['[]', 'r.json:1:1: a realm file holds one object'],
  ])('in JSON %j is %s', (text, message) => {
    expect(faultsOf(text, 'r.json')).toEqual([message]);
  });

  it('names a repeated key, a missing realm, a wrong list and a broken indentation', () => {
    expect(faultsOf('realm: a\nrealm: b')[0]).toMatch(/^realm.yaml:2:1: .*unique/);
    expect(faultsOf('enabled: true')).toEqual(['realm.yaml:1:1: (document): a realm needs "realm"']);
    expect(faultsOf('realm: a\nclients: {}')).toEqual(['realm.yaml:2:10: clients: must be a list']);
    expect(faultsOf('realm: a\n  b: c')[0]).toMatch(/^realm.yaml:\d:\d+: /);
    expect(faultsOf('')).toEqual(['realm.yaml:1:1: a realm file holds one object']);
  });

  it('stops a file that would expand without end', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      'b: &b [*a,*a,*a,*a,*a,*a,*a,*a]',
      'c: &c [*b,*b,*b,*b,*b,*b,*b,*b]',
      'd: [*c,*c,*c,*c,*c,*c,*c]',
      'realm: a',
    ];
    expect(faultsOf(bomb.join('\n'))).toHaveLength(1);
  });
});
