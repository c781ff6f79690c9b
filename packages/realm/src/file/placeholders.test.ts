import { describe, expect, it } from 'vitest';
import { resolvePlaceholders } from './placeholders.ts';

const env = { SECRET: 's3', EMPTY: '', LOOP: '${SECRET}', 'a.b': 'dotted' };
const resolve = (text: string, more = {}) => resolvePlaceholders(text, { env, ...more });

describe('a placeholder', () => {
  it.each([
    ['${SECRET}', 's3'],
    ['https://${HOST:localhost}:8041/*', 'https://localhost:8041/*'],
    ['${UNSET:a:b}', 'a:b'],
    ['${UNSET:}', ''],
    ['${EMPTY:x}', ''],
    ['${UNSET,SECRET:x}', 's3'],
    ['${UNSET:${SECRET}}', 's3'],
    ['${UNSET:{"a":1}}', '{"a":1}'],
    ['${env.SECRET}', 's3'],
    ['${a.b}', 'dotted'],
    ['a ${SECRET} b ${SECRET}', 'a s3 b s3'],
  ])('%s becomes %s', (text, expected) => {
    expect(resolve(text)).toEqual({ ok: true, value: expected });
  });

  it.each(['$${SECRET}', '$', '${', '${SECRET', '$ {SECRET}', '5$'])('%s stays literal, as in Keycloak', (text) => {
    expect(resolve(text)).toEqual({ ok: true, value: text });
  });

  it('is not looked for in what a variable holds', () => {
    expect(resolve('${LOOP}')).toEqual({ ok: true, value: '${SECRET}' });
  });

  it('is not taken for one when it is a message key of Keycloak', () => {
    for (const text of ['${client_account}', '${role_default-roles}', '${profileScopeConsentText}', '${authBaseUrl}']) {
      expect(resolve(text)).toEqual({ ok: true, value: text });
    }
  });

  it('reads no member that every object has', () => {
    expect(resolve('${constructor}').ok).toBe(false);
    expect(resolve('${__proto__}').ok).toBe(false);
  });

  it('takes a file without its last newline', () => {
    const readFile = (path: string) => (path === 'secrets/agent' ? 'from-file\n' : undefined);
    expect(resolve('${file:secrets/agent}', { readFile })).toEqual({ ok: true, value: 'from-file' });
    expect(resolve('${file:other}', { readFile })).toMatchObject({
      refusal: [{ why: 'unreadable-file', name: 'other' }],
    });
    expect(resolve('${file:other}')).toMatchObject({ refusal: [{ why: 'no-file-reader' }] });
  });
});

describe('unresolved placeholders', () => {
  const document = { clients: [{ secret: '${ONE}' }], attributes: { 'a.b': ['${TWO}'] } };

  it('are all named at once, with path and variable', () => {
    const refused = resolvePlaceholders(document, { env });
    expect(refused).toMatchObject({
      ok: false,
      refusal: [
        { path: 'clients[0].secret', name: 'ONE' },
        { path: 'attributes["a.b"][0]', name: 'TWO' },
      ],
    });
  });

  it('stay as literal text when asked, as Keycloak leaves them', () => {
    expect(resolvePlaceholders(document, { env, unresolved: 'keep' })).toEqual({ ok: true, value: document });
  });
});

it('keeps numbers, flags, null and a member named __proto__ as they are', () => {
  const value = JSON.parse('{"a":1,"b":[true,null],"__proto__":{"c":"${SECRET}"}}');
  const resolved = resolvePlaceholders(value, { env });
  expect(JSON.stringify(resolved.ok && resolved.value)).toBe('{"a":1,"b":[true,null],"__proto__":{"c":"s3"}}');
});
