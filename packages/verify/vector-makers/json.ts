import type { Vector } from './vector.ts';
import { audience, goodClaims, goodPayload, issuer, now, withHeader, withPayload } from './vector.ts';

const bad = (name: string, why: string, token: string, verdict = 'malformed'): Vector => ({
  name,
  why,
  token,
  verdict,
});

const twice = 'two readers of a repeated member see two different tokens (RFC 7519 §4)';

function duplicates(): readonly Vector[] {
  const evil: Readonly<Record<string, string>> = {
    iss: '"https://evil.example.com"',
    aud: '"other"',
    exp: '9999999999',
    iat: '1',
    sub: '"admin"',
    typ: '"ID"',
    azp: '"admin-cli"',
    scope: '"admin"',
    jti: '"x"',
    sid: '"x"',
    realm_access: '{"roles":["admin"]}',
  };
  return Object.entries(evil).flatMap(([name, value]) => [
    bad(`${name} twice, another value last`, twice, withPayload(goodPayload.replace(/}$/, `,"${name}":${value}}`))),
    bad(`${name} twice, another value first`, twice, withPayload(goodPayload.replace('{', `{"${name}":${value},`))),
    bad(
      `${name} twice, once by escapes`,
      twice,
      withPayload(goodPayload.replace('{', `{"${escaped(name)}":${value},`)),
    ),
    bad(`${name} twice, with white space`, twice, withPayload(goodPayload.replace('{', `{ "${name}" \n:\t${value} ,`))),
  ]);
}

function escaped(name: string): string {
  return `\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}`;
}

function deepDuplicates(): readonly Vector[] {
  const payloads: readonly (readonly [name: string, member: string])[] = [
    ['roles twice', '"resource_access":{"a":{"roles":["x"],"roles":["admin"]}}'],
    ['a client twice', '"resource_access":{"a":{"roles":["x"]},"a":{"roles":["admin"]}}'],
    ['in a list', '"list":[{"a":1,"a":2}]'],
    ['in a list of lists', '"list":[[[{"a":1,"a":1}]]]'],
    ['an empty name', '"x":{"":1,"":2}'],
    ['a name with a quote', '"x":{"a\\"b":1,"a\\"b":2}'],
    ['a name with a colon', '"x":{"a:b":1,"a:b":2}'],
    ['a name by escapes', '"x":{"a":1,"\\u0061":2}'],
    ['a name with a backslash', '"x":{"a\\\\":1,"a\\\\":2}'],
    ['beside a text that looks like a member', '"x":{"a":"\\":\\"","a":1}'],
    ['hidden behind a text with a colon', '"x":{"a":":","a":":"}'],
    ['with numbers as names', '"x":{"1":1,"1":2}'],
  ];
  return payloads.map(([name, member]) => bad(name, twice, withPayload(goodPayload.replace('{', `{${member},`))));
}

function headerDuplicates(): readonly Vector[] {
  return [
    bad('alg twice', twice, withHeader('{"alg":"none","typ":"JWT","kid":"es256","alg":"ES256"}')),
    bad('alg twice, the good one first', twice, withHeader('{"alg":"ES256","typ":"JWT","kid":"es256","alg":"none"}')),
    bad('kid twice', twice, withHeader('{"alg":"ES256","kid":"evil","kid":"es256"}')),
    bad('kid twice, the same', twice, withHeader('{"alg":"ES256","kid":"es256","kid":"es256"}')),
    bad('typ twice', twice, withHeader('{"alg":"ES256","typ":"dpop+jwt","kid":"es256","typ":"JWT"}')),
    bad('kid twice, once by escapes', twice, withHeader('{"alg":"ES256","\\u006bid":"evil","kid":"es256"}')),
    bad('crit twice', twice, withHeader('{"alg":"ES256","kid":"es256","crit":["x"],"crit":["x"]}')),
  ];
}

const notJson = 'not JSON, though lenient parsers take it';

function syntax(): readonly Vector[] {
  const exp = `"exp":${now + 300}`;
  const texts: readonly (readonly [name: string, text: string])[] = [
    ['a trailing comma', goodPayload.replace(/}$/, ',}')],
    ['a leading comma', goodPayload.replace('{', '{,')],
    ['single quotes', goodPayload.replaceAll('"', "'")],
    ['names without quotes', goodPayload.replace('"exp"', 'exp')],
    ['a line comment', goodPayload.replace('{', '{//x\n')],
    ['a block comment', goodPayload.replace('{', '{/*x*/')],
    ['exp NaN', goodPayload.replace(exp, '"exp":NaN')],
    ['exp Infinity', goodPayload.replace(exp, '"exp":Infinity')],
    ['exp -Infinity', goodPayload.replace(exp, '"exp":-Infinity')],
    ['exp in hexadecimal', goodPayload.replace(exp, '"exp":0x6b49d400')],
    ['exp with a leading zero', goodPayload.replace(exp, `"exp":0${now + 300}`)],
    ['exp with a plus', goodPayload.replace(exp, `"exp":+${now + 300}`)],
    ['exp without digits after the point', goodPayload.replace(exp, `"exp":${now + 300}.`)],
    ['exp with an underscore', goodPayload.replace(exp, '"exp":1_800_000_300')],
    ['exp as a big integer', goodPayload.replace(exp, `"exp":${now + 300}n`)],
    ['exp undefined', goodPayload.replace(exp, '"exp":undefined')],
    ['text after it', `${goodPayload}x`],
    ['a second object', `${goodPayload}{}`],
    ['a second object on a new line', `${goodPayload}\n${goodPayload}`],
    ['a NUL after it', `${goodPayload}\0`],
    ['a byte order mark', `\ufeff${goodPayload}`],
    ['no-break space before it', `\u00a0${goodPayload}`],
    ['form feed before it', `\f${goodPayload}`],
    ['the closing brace missing', goodPayload.slice(0, -1)],
    ['an open text', '{"exp":"'],
    ['a raw line feed in a text', goodPayload.replace('Bearer', 'Bea\nrer')],
    ['a raw NUL in a text', goodPayload.replace('Bearer', 'Bearer\0')],
    ['a bad escape', goodPayload.replace('Bearer', '\\x42earer')],
    ['half an escape', goodPayload.replace('Bearer', '\\u00')],
    ['nothing but white space', ' '],
    ['a list', `[${goodPayload}]`],
    ['a text', JSON.stringify(goodPayload)],
    ['a number', '1'],
    ['true', 'true'],
    ['null', 'null'],
    ['an empty list', '[]'],
    ['JavaScript', `(${goodPayload})`],
    ['XML', '<claims/>'],
  ];
  return texts.map(([name, text]) => bad(`payload: ${name}`, notJson, withPayload(text)));
}

function headerSyntax(): readonly Vector[] {
  const good = '{"alg":"ES256","kid":"es256"}';
  return [
    ['a byte order mark', `\ufeff${good}`],
    ['a trailing comma', good.replace('}', ',}')],
    ['text after it', `${good}x`],
    ['a list', `[${good}]`],
    ['null', 'null'],
    ['a text', '"ES256"'],
    ['a number', '256'],
    ['a comment', `/**/${good}`],
    ['a NUL after it', `${good}\0`],
    ['single quotes', good.replaceAll('"', "'")],
    ['half of it', good.slice(0, 9)],
  ].map(([name, text]) => bad(`header: ${String(name)}`, notJson, withHeader(String(text))));
}

function encodings(): readonly Vector[] {
  const bytes = Buffer.from(goodPayload);
  const withBytes = (...extra: readonly number[]): Buffer =>
    Buffer.concat([Buffer.from('{"x":"'), Buffer.from(extra), Buffer.from('",'), bytes.subarray(1)]);
  const sequences: readonly (readonly [name: string, bytes: readonly number[]])[] = [
    ['0xff', [0xff]],
    ['0xfe', [0xfe]],
    ['a lone continuation byte', [0x80]],
    ['a truncated character', [0xe2, 0x82]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['an overlong NUL', [0xc0, 0x80]],
    ['an overlong quote', [0xc0, 0xa2]],
    ['a surrogate as bytes', [0xed, 0xa0, 0x80]],
    ['a pair of surrogates as bytes', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
    ['beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
    ['five bytes', [0xf8, 0x88, 0x80, 0x80, 0x80]],
    ['Latin-1', [0xe9]],
  ];
  const why = 'not UTF-8 (RFC 7515 §2): readers replace it in different ways';
  return [
    ...sequences.map(([name, extra]) => bad(`payload with ${name}`, why, withPayload(withBytes(...extra)))),
    ...sequences.map(([name, extra]) =>
      bad(
        `header with ${name}`,
        why,
        withHeader(
          Buffer.concat([Buffer.from('{"x":"'), Buffer.from(extra), Buffer.from('","alg":"ES256","kid":"es256"}')]),
        ),
      ),
    ),
    bad('payload in UTF-16', why, withPayload(Buffer.from(goodPayload, 'utf16le'))),
    bad(
      'payload in UTF-16 with its mark',
      why,
      withPayload(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(goodPayload, 'utf16le')])),
    ),
    bad('header in UTF-16', why, withHeader(Buffer.from('{"alg":"ES256"}', 'utf16le'))),
  ];
}

function texts(): readonly Vector[] {
  const surrogate = 'half a character: what it becomes elsewhere differs (RFC 7493 §2.1)';
  const nul = 'ends the text where C reads it, so that two readers see two names';
  const prototype = 'would change every object of a careless reader';
  const member = (text: string): string => withPayload(goodPayload.replace('{', `{${text},`));
  return [
    bad('a lone high surrogate', surrogate, member('"x":"\\ud800"')),
    bad('a lone low surrogate', surrogate, member('"x":"\\udc00"')),
    bad('surrogates in the wrong order', surrogate, member('"x":"\\udc00\\ud800"')),
    bad('a lone surrogate in a name', surrogate, member('"\\ud800":1')),
    bad('a lone surrogate deep down', surrogate, member('"x":[[{"y":"\\ud83d"}]]')),
    bad('a lone surrogate in sub', surrogate, withPayload(goodPayload.replace(goodClaims.sub, 'admin\\ud800'))),
    bad('a NUL in sub', nul, withPayload(goodPayload.replace(goodClaims.sub, 'admin\\u0000x'))),
    bad('a NUL in azp', nul, withPayload(goodPayload.replace('agent-1', 'agent-1\\u0000evil'))),
    bad('a NUL in a name', nul, member('"sub\\u0000":"x"')),
    bad('a NUL in a role', nul, withPayload(goodPayload.replace('operator', 'admin\\u0000'))),
    bad('__proto__ with roles', prototype, member('"__proto__":{"roles":["admin"]}')),
    bad('__proto__ with aud', prototype, withPayload(goodPayload.replace('"aud"', '"__proto__":{"aud":"tools"},"x"'))),
    bad('__proto__ null', prototype, member('"__proto__":null')),
    bad('__proto__ deep down', prototype, member('"x":{"y":{"__proto__":{"admin":true}}}')),
    bad('__proto__ by escapes', prototype, member('"\\u005f_proto__":{"admin":true}')),
    bad('__proto__ as a client', prototype, member('"resource_access":{"__proto__":{"roles":["admin"]}}')),
    bad('__proto__ in the header', prototype, withHeader('{"__proto__":{"alg":"none"},"alg":"ES256","kid":"es256"}')),
    bad('alg by __proto__ only', prototype, withHeader('{"__proto__":{"alg":"ES256"},"kid":"es256"}')),
    bad('a NUL in kid', nul, withHeader('{"alg":"ES256","kid":"es256\\u0000"}')),
    bad('a lone surrogate in kid', surrogate, withHeader('{"alg":"ES256","kid":"es256\\ud800"}')),
  ];
}

function depths(): readonly Vector[] {
  const why = 'deeper than any issuer nests, and a burden for every reader after us';
  const lists = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const objects = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  return [32, 33, 64, 100, 500, 1000, 5000].flatMap((depth) => [
    bad(`${depth} lists`, why, withPayload(goodPayload.replace('{', `{"x":${lists(depth)},`))),
    ...(depth > 1000
      ? []
      : [bad(`${depth} objects`, why, withPayload(goodPayload.replace('{', `{"x":${objects(depth)},`)))]),
    ...(depth > 1000
      ? []
      : [bad(`${depth} lists in the header`, why, withHeader(`{"alg":"ES256","kid":"es256","x":${lists(depth)}}`))]),
  ]);
}

export function jsonVectors(): readonly Vector[] {
  return [
    ...duplicates(),
    ...deepDuplicates(),
    ...headerDuplicates(),
    ...syntax(),
    ...headerSyntax(),
    ...encodings(),
    ...texts(),
    ...depths(),
    bad('empty claims', 'nothing is said', withPayload('{}'), 'issuer'),
    bad('claims of another token format', 'not JWT', withPayload(JSON.stringify({ issuer, audience })), 'issuer'),
  ];
}
