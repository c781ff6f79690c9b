import { bearer, type Checks, sendRaw } from './checks.ts';
import type { People } from './people.ts';
import type { Stage } from './stage.ts';

type Lines = readonly (readonly [string, string])[];

/** Header games, confused paths and spoofed identities, through each real proxy. Whatever is refused must not reach the upstream. */
export async function checkHostile(stage: Stage, people: People, checks: Checks): Promise<void> {
  const { token } = await people.make('john', 'jwt');
  for (const { name, url } of stage.entrances) {
    const refused = async (what: string, path: string, headers: Lines, method = 'GET'): Promise<void> => {
      const got = await sendRaw(url, path, headers, method);
      checks.that(
        `${name}: ${what} is refused`,
        got.status >= 400 && got.status !== 502 && got.seen === undefined,
        got,
      );
    };
    for (const [what, headers] of headerGames(token)) await refused(what, '/kitchen', headers);
    for (const spelling of spellingsOf(token))
      await refused(`the spelling …${spelling.slice(-6)}`, '/kitchen', bearer(spelling));
    for (const path of confusedPaths) await refused(`the path ${path}`, path, bearer(token));
    const scheme = await sendRaw(url, '/kitchen', [['authorization', `bearer ${token}`]]);
    // The scheme has no case (RFC 9110 §11.1); jwt_authn’s prefix has one, and refuses: both are safe.
    checks.that(`${name}: a lower-case scheme is read or refused`, [200, 401].includes(scheme.status), scheme);
    const folded = await sendRaw(url, '/kitchen', [['Authorization', `Bearer\r\n ${token}`]]);
    // Envoy unfolds it into one line (RFC 9112 §5.2) for everybody behind it; others refuse it.
    checks.that(
      `${name}: a folded header is one line or refused`,
      folded.status === 200 || folded.status >= 400,
      folded,
    );
    await checkSpoofing(name, url, token, checks);
    const mcp = (method: string, tool: string) =>
      sendRaw(url, '/mcp', [...bearer(token), ['Mcp-Method', method], ['Mcp-Name', tool]], 'GET');
    checks.that(`${name}: a tool that the rule names passes`, (await mcp('tools/call', 'menu__list')).status === 200);
    await refused('a tool that the rule does not name', '/mcp', [
      ...bearer(token),
      ['Mcp-Method', 'tools/call'],
      ['Mcp-Name', 'oven__burn'],
    ]);
    await refused('two Mcp-Name headers', '/mcp', [
      ...bearer(token),
      ['Mcp-Method', 'tools/call'],
      ['Mcp-Name', 'menu__list'],
      ['Mcp-Name', 'oven__burn'],
    ]);
    await refused('an MCP call without its headers', '/mcp', bearer(token));
  }
}

function headerGames(token: string): readonly (readonly [string, Lines])[] {
  const line = `Bearer ${token}`;
  return [
    [
      'two Authorization headers',
      [
        ['Authorization', line],
        ['Authorization', 'Bearer x'],
      ],
    ],
    [
      'two Authorization headers, the bad one first',
      [
        ['Authorization', 'Bearer x'],
        ['authorization', line],
      ],
    ],
    [
      'the same Authorization header twice',
      [
        ['Authorization', line],
        ['Authorization', line],
      ],
    ],
    ['a list of credentials', [['Authorization', `${line}, Bearer x`]]],
    ['a token of 64 KiB', [['Authorization', `Bearer ${'a'.repeat(65_536)}`]]],
    ['a token of 20 KiB', [['Authorization', `Bearer ${'a'.repeat(20_480)}`]]],
    ['a token that is not ASCII', [['Authorization', `Bearer ${token}é`]]],
    ['another scheme', [['Authorization', `Basic ${Buffer.from('john:john').toString('base64')}`]]],
    ['a scheme with a tab', [['Authorization', `Bearer\t${token}`]]],
    ['a token without a scheme', [['Authorization', token]]],
    ['an empty header', [['Authorization', '']]],
    ['a token in a cookie', [['Cookie', `access_token=${token}`]]],
  ];
}

/** Other texts that a lenient decoder takes for the same token. */
function spellingsOf(token: string): readonly string[] {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(token.at(-1) ?? '');
  return [
    `${token}=`,
    `${token}==`,
    `${token.slice(0, -1)}${alphabet[last ^ 1] ?? ''}`,
    token.replace('.', '=.'),
    `${token}.`,
    `.${token}`,
    token.replaceAll('-', '+').replaceAll('_', '/').concat('='),
  ];
}

/** John may not enter /admin; each of these is it, or /open, to somebody. */
const confusedPaths = [
  '/admin',
  '/admin/',
  '/admin/users',
  '/open/../admin/users',
  '/open/..%2fadmin/users',
  '/open%2f..%2fadmin/users',
  '/open/%2e%2e/admin/users',
  '/./admin/users',
  '//admin/users',
  '/admin//users',
  '/%61dmin/users',
  '/admin%2fusers',
  '/admin%5cusers',
  '/admin\\users',
  '/admin;x=1/users',
  '/kitchen/..;/admin/users',
  '/admin/users%00',
  '/admin%252fusers',
  '/open;/../admin/users',
];

async function checkSpoofing(name: string, url: string, token: string, checks: Checks): Promise<void> {
  const spoofed: Lines = [
    ['X-Keyturn-User', 'root'],
    ['x-keyturn-roles', 'keyturn-admin'],
    ['X-KEYTURN-CLIENT', 'evil'],
    ['x-keyturn-pat', 'pat_evil'],
  ];
  const known = await sendRaw(url, '/kitchen', [...bearer(token), ...spoofed]);
  const seen = JSON.stringify(known.seen?.headers ?? {});
  checks.that(
    `${name}: a spoofed identity never reaches the upstream`,
    known.status === 200 && !/root|keyturn-admin|evil/.test(seen),
    known,
  );
  const open = await sendRaw(url, '/open', spoofed);
  const without = JSON.stringify(open.seen?.headers ?? {});
  // jwt_authn in front wants a token on every path.
  const reached = name.startsWith('Envoy') ? open.status === 401 || open.status === 200 : open.status === 200;
  checks.that(
    `${name}: nor on a path that needs no identity`,
    reached && !/root|keyturn-admin|evil/.test(without),
    open,
  );
  const underscores = await sendRaw(url, '/kitchen', [...bearer(token), ['x_keyturn_user', 'root']]);
  checks.that(
    `${name}: nor spelled with underscores`,
    !JSON.stringify(underscores.seen?.headers ?? {}).includes('root'),
    underscores,
  );
}
