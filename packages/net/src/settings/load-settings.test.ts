import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadSettings, type SettingSources } from './load-settings.ts';
import type { SettingAlias } from './names.ts';
import { explainSettingFault } from './setting-fault.ts';

const limits = z.strictObject({ low: z.number().optional() });

const schema = z.strictObject({
  auth: z.strictObject({
    issuer: z.url(),
    jwksUrl: z.url().optional(),
    audiences: z.array(z.string().min(1)).min(1),
    clockTolerance: z.number().min(0).max(300).default(5),
  }),
  exchange: z
    .strictObject({
      clientSecret: z.string().min(8).optional(),
      timeout: z.number().positive().default(10),
    })
    .prefault({}),
  mail: z.strictObject({ host: z.string().default('localhost') }).optional(),
  log: z
    .strictObject({ level: z.enum(['debug', 'info']).default('info'), pretty: z.boolean().default(false) })
    .prefault({}),
  labels: z.record(z.string(), z.string()).default({}),
  size: z.union([z.number(), z.literal('auto')]).default('auto'),
  sources: z.array(z.strictObject({ name: z.string(), url: z.url() })).default([]),
  /** As an object, or as `name value`. */
  limits: z
    .union([
      limits,
      z
        .string()
        .transform((text) => Object.fromEntries([text.split(' ')]))
        .pipe(limits),
    ])
    .optional(),
});

const aliases: readonly SettingAlias[] = [
  { env: 'KEYCLOAK_ISSUER', flag: 'oidc-issuer-url', path: 'auth.issuer' },
  { env: 'EXPECTED_AUDIENCE', path: 'auth.audiences' },
  { env: 'TOKEN_EXCHANGE_CLIENT_SECRET', path: 'exchange.clientSecret' },
  {
    env: 'VERIFY_AUDIENCE',
    path: 'auth.audiences',
    parse: (text) =>
      text === 'true' ? { ok: true, value: undefined } : { ok: false, refusal: 'verification cannot be turned off' },
  },
];

const files: Record<string, string> = { '/run/secret': 'from a mounted file\n', '/run/other': 'another secret' };

type Given = Partial<Pick<SettingSources<typeof schema>, 'env' | 'flags' | 'ignoredEnv'>> & { readonly file?: string };

async function load({ file, ...given }: Given) {
  return loadSettings({
    schema,
    env: {},
    flags: {},
    aliases,
    prefix: 'KEYTURN_',
    readFile: async (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      return text;
    },
    ...(file === undefined ? {} : { file: { path: 'keyturn.yaml', text: file } }),
    ...given,
  });
}

/** The least that is needed, so that each test shows its own point. */
const base = 'auth:\n  issuer: https://idp.example\n  audiences: [keyturn]\n';

async function loaded(given: Given) {
  const result = await load(given);
  if (!result.ok) throw new Error(result.refusal.map(explainSettingFault).join('\n'));
  return result.value;
}

async function faults(given: Given): Promise<readonly string[]> {
  const result = await load(given);
  return result.ok ? [] : result.refusal.map(explainSettingFault);
}

describe('a setting', () => {
  it('comes from the highest of flag, environment, mounted file, file and default', async () => {
    const level = async (given: Given) => {
      const { settings, origins } = await loaded(given);
      return [settings.exchange.clientSecret, origins.get('exchange.clientSecret')];
    };
    const file = `${base}exchange:\n  clientSecret: from the file\n`;
    const mounted = { KEYTURN_EXCHANGE__CLIENT_SECRET_FILE: '/run/secret' };
    const env = { KEYTURN_EXCHANGE__CLIENT_SECRET: 'from the environment' };
    const flags = { 'exchange.client-secret': 'from a flag' };
    expect(await level({ file: base })).toEqual([undefined, 'default']);
    expect(await level({ file })).toEqual(['from the file', 'keyturn.yaml:5:3']);
    expect(await level({ file, env: mounted })).toEqual([
      'from a mounted file',
      'KEYTURN_EXCHANGE__CLIENT_SECRET_FILE (/run/secret)',
    ]);
    expect(await level({ file, env })).toEqual(['from the environment', 'KEYTURN_EXCHANGE__CLIENT_SECRET']);
    expect(await level({ file, env: mounted, flags })).toEqual(['from a flag', '--exchange.client-secret']);
    expect(await level({ file, env, flags })).toEqual(['from a flag', '--exchange.client-secret']);
  });

  it.each([{ KEYTURN_AUTH__JWKS_URL: 'https://keys.example' }, { KEYTURN_AUTH__JWKSURL: 'https://keys.example' }])(
    'has a native environment name: %o',
    async (env) => {
      expect((await loaded({ file: base, env })).settings.auth.jwksUrl).toBe('https://keys.example');
    },
  );

  it.each(['auth.jwks-url', 'auth.jwksUrl'])('has a native flag: --%s', async (name) => {
    const { settings } = await loaded({ file: base, flags: { [name]: 'https://keys.example' } });
    expect(settings.auth.jwksUrl).toBe('https://keys.example');
  });

  it('may have older names, which say so as its origin', async () => {
    const env = { KEYCLOAK_ISSUER: 'https://old.example', EXPECTED_AUDIENCE: 'a,b' };
    const { settings, origins } = await loaded({ env });
    expect(settings.auth).toMatchObject({ issuer: 'https://old.example', audiences: ['a', 'b'] });
    expect(origins.get('auth.issuer')).toBe('KEYCLOAK_ISSUER');
    const flagged = await loaded({ env, flags: { 'oidc-issuer-url': 'https://flag.example' } });
    expect(flagged.settings.auth.issuer).toBe('https://flag.example');
    expect(flagged.origins.get('auth.issuer')).toBe('--oidc-issuer-url');
  });

  it('keeps what one source says when another says something else of its section', async () => {
    const { settings } = await loaded({
      file: `${base}labels: {a: '1', b: '2'}\n`,
      env: { KEYTURN_LABELS__B: '3', KEYTURN_AUTH__CLOCK_TOLERANCE: '7', KEYTURN_EXCHANGE: '{"timeout": 3}' },
    });
    expect(settings.labels).toEqual({ a: '1', b: '3' });
    expect(settings.auth).toMatchObject({ issuer: 'https://idp.example', clockTolerance: 7 });
    expect(settings.exchange.timeout).toBe(3);
  });

  it('in an empty section is there with its defaults, and in none is not', async () => {
    expect((await loaded({ file: `${base}mail:\n` })).settings.mail).toEqual({ host: 'localhost' });
    expect((await loaded({ file: base })).settings.mail).toBeUndefined();
  });

  it('is not set by an empty variable, nor by an empty line of the file', async () => {
    const { settings, origins } = await loaded({
      file: `${base}  clockTolerance:\n`,
      env: { KEYCLOAK_ISSUER: '', KEYTURN_AUTH__JWKS_URL: '', KEYTURN_NONSENSE: '' },
    });
    expect(settings.auth).toEqual({ issuer: 'https://idp.example', audiences: ['keyturn'], clockTolerance: 5 });
    expect(origins.get('auth.clockTolerance')).toBe('default');
  });

  it('may be a list on the command line, piece by piece', async () => {
    const { settings } = await loaded({ file: base, flags: { 'auth.audiences': ['a', 'b,c'] } });
    expect(settings.auth.audiences).toEqual(['a', 'b', 'c']);
  });

  it('may be twice the same under two names', async () => {
    const env = { KEYCLOAK_ISSUER: 'https://idp.example', KEYTURN_AUTH__ISSUER: 'https://idp.example' };
    expect((await loaded({ file: base, env })).settings.auth.issuer).toBe('https://idp.example');
  });
});

describe('text from the environment', () => {
  it.each([
    ['KEYTURN_AUTH__CLOCK_TOLERANCE', '2.5', { auth: { clockTolerance: 2.5 } }],
    ['KEYTURN_LOG__PRETTY', 'TRUE', { log: { pretty: true } }],
    ['KEYTURN_LOG__PRETTY', '0', { log: { pretty: false } }],
    ['KEYTURN_AUTH__AUDIENCES', ' a , b,', { auth: { audiences: ['a', 'b'] } }],
    ['KEYTURN_AUTH__AUDIENCES', '["a,b"]', { auth: { audiences: ['a,b'] } }],
    ['KEYTURN_LABELS', '{"a":"b"}', { labels: { a: 'b' } }],
    ['KEYTURN_SIZE', '12', { size: 12 }],
    ['KEYTURN_SIZE', 'auto', { size: 'auto' }],
    [
      'KEYTURN_SOURCES',
      '[{"name":"a","url":"https://a.example"}]',
      { sources: [{ name: 'a', url: 'https://a.example' }] },
    ],
  ])('is read as what the setting is: %s=%s', async (name, text, expected) => {
    expect((await loaded({ file: base, env: { [name]: text } })).settings).toMatchObject(expected);
  });

  it.each([
    ['KEYTURN_AUTH__CLOCK_TOLERANCE', '5s', 'auth.clockTolerance', 'is not a number'],
    ['KEYTURN_AUTH__CLOCK_TOLERANCE', '0x10', 'auth.clockTolerance', 'is not a number'],
    ['KEYTURN_AUTH__CLOCK_TOLERANCE', 'Infinity', 'auth.clockTolerance', 'is not a number'],
    ['KEYTURN_LOG__PRETTY', 'maybe', 'log.pretty', 'is neither true nor false'],
    ['KEYTURN_AUTH__AUDIENCES', '["a"', 'auth.audiences', 'is not a list as JSON'],
    ['KEYTURN_LABELS', 'a=b', 'labels', 'is not an object as JSON'],
  ])('that cannot be is a fault: %s=%s', async (name, text, path, message) => {
    expect(await faults({ file: base, env: { [name]: text } })).toEqual([
      `${path} (${name}): ${message}; correct or unset ${name}`,
    ]);
  });
});

describe('a fault in a value that may be of several kinds', () => {
  it.each([
    ['limits: {lwo: 1}', 'limits.lwo (keyturn.yaml:4:10): is not a setting; did you mean low?'],
    ['limits: {low: x}', 'limits.low (keyturn.yaml:4:10): invalid input: expected number, received string; correct'],
    ['limits: low x', 'limits (keyturn.yaml:4:1): low: invalid input: expected number, received string; correct'],
    ['limits: 7', 'limits (keyturn.yaml:4:1): invalid input: expected object or string; correct'],
    ['size: huge', 'size (keyturn.yaml:4:1): invalid input: expected number or auto; correct'],
  ])('is of the kind that was meant: %s', async (line, said) => {
    const [first, ...others] = await faults({ file: `${base}${line}\n` });
    expect(others).toEqual([]);
    expect(first).toContain(said);
  });
});

describe('a fault', () => {
  it('names a missing setting, and every way to set it', async () => {
    expect(await faults({})).toEqual([
      'auth.issuer: is required; set auth.issuer in the file, KEYTURN_AUTH__ISSUER, KEYCLOAK_ISSUER, --auth.issuer, --oidc-issuer-url',
      'auth.audiences: is required; set auth.audiences in the file, KEYTURN_AUTH__AUDIENCES, EXPECTED_AUDIENCE, VERIFY_AUDIENCE, --auth.audiences',
    ]);
  });

  it.each([
    [{ file: `${base}exchagne: {}\n` }, 'exchagne (keyturn.yaml:4:1): is not a setting; did you mean exchange?'],
    [{ file: `${base}  jwks_url: x\n` }, 'auth.jwks_url (keyturn.yaml:4:3): is not a setting; did you mean jwksUrl?'],
    [{ file: `${base}zzzzzzzz: 1\n` }, 'zzzzzzzz (keyturn.yaml:4:1): is not a setting; remove it'],
    [{ file: `${base}__proto__: {a: 1}\n` }, '__proto__ (keyturn.yaml:4:1): is not a setting; remove it'],
    [{ file: `${base}labels: {__proto__: x}\n` }, 'labels.__proto__ (keyturn.yaml:4:10): is not a setting; remove it'],
    [
      { file: base, env: { KEYTURN_AUTH__ISSUR: 'x' } },
      'KEYTURN_AUTH__ISSUR: is not a setting; did you mean KEYTURN_AUTH__ISSUER?',
    ],
    [
      { file: base, env: { KEYTURN_AUTH_ISSUER: 'x' } },
      'KEYTURN_AUTH_ISSUER: is not a setting; did you mean KEYTURN_AUTH__ISSUER?',
    ],
    [
      { file: base, flags: { 'oidc-isuer-url': 'x' } },
      '--oidc-isuer-url: is not a setting; did you mean --oidc-issuer-url?',
    ],
    [{ file: base, flags: { 'auth.isuer': 'x' } }, '--auth.isuer: is not a setting; did you mean --auth.issuer?'],
    [
      { file: `${base}sources: [{name: a, url: 'https://a.example', nmae: b}]\n` },
      'sources.0.nmae (keyturn.yaml:4:47): is not a setting; remove it',
    ],
  ] satisfies [Given, string][])('refuses a key that nobody knows, with the nearest: %#', async (given, expected) => {
    expect(await faults(given)).toEqual([expected]);
  });

  it('says where in the file a bad value stands, even inside a list', async () => {
    expect(await faults({ file: `${base}sources:\n  - name: a\n    url: nonsense\nlog: {level: loud}\n` })).toEqual([
      'log.level (keyturn.yaml:7:7): invalid option: expected one of "debug"|"info"; correct keyturn.yaml:7:7',
      'sources.0.url (keyturn.yaml:6:5): invalid URL; correct keyturn.yaml:6:5',
    ]);
  });

  it('names both names that set one thing to different values, and neither value', async () => {
    const env = { KEYCLOAK_ISSUER: 'https://one.example', KEYTURN_AUTH__ISSUER: 'https://two.example' };
    expect(await faults({ file: base, env })).toEqual([
      'auth.issuer (KEYCLOAK_ISSUER): KEYTURN_AUTH__ISSUER and KEYCLOAK_ISSUER set it to different values; unset one of them',
    ]);
    const flags = { 'oidc-issuer-url': 'https://one.example', 'auth.issuer': 'https://two.example' };
    expect(await faults({ file: base, flags })).toEqual([
      'auth.issuer (--auth.issuer): oidc-issuer-url and auth.issuer set it to different values; unset one of them',
    ]);
    const mounted = {
      TOKEN_EXCHANGE_CLIENT_SECRET_FILE: '/run/secret',
      KEYTURN_EXCHANGE__CLIENT_SECRET: 'something else',
    };
    expect(await faults({ file: base, env: mounted })).toHaveLength(1);
  });

  it.each([
    { KEYTURN_EXCHANGE__CLIENT_SECRET: 'same', KEYTURN_EXCHANGE__CLIENT_SECRET_FILE: '/run/secret' },
    { TOKEN_EXCHANGE_CLIENT_SECRET: 'same', TOKEN_EXCHANGE_CLIENT_SECRET_FILE: '/run/secret' },
  ])('is a name and its _FILE together (case %#)', async (env) => {
    const [name = ''] = Object.keys(env);
    expect(await faults({ file: base, env })).toEqual([
      `exchange.clientSecret (${name}_FILE (/run/secret)): ${name} and ${name}_FILE are both set; unset one of them`,
    ]);
  });

  it('is a mounted file that cannot be read', async () => {
    expect(await faults({ file: base, env: { TOKEN_EXCHANGE_CLIENT_SECRET_FILE: '/nowhere' } })).toEqual([
      'exchange.clientSecret (TOKEN_EXCHANGE_CLIENT_SECRET_FILE (/nowhere)): the file cannot be read (ENOENT); make /nowhere readable, or unset TOKEN_EXCHANGE_CLIENT_SECRET_FILE',
    ]);
  });

  it('is an alias that asks for what there is not', async () => {
    expect(await faults({ file: base, env: { VERIFY_AUDIENCE: 'true' } })).toEqual([]);
    expect(await faults({ file: base, env: { VERIFY_AUDIENCE: 'false' } })).toEqual([
      'auth.audiences (VERIFY_AUDIENCE): verification cannot be turned off; correct or unset VERIFY_AUDIENCE',
    ]);
  });

  it.each([
    ['a: [', /keyturn\.yaml:1:5: is not valid YAML/],
    ['a: 1\na: 2\n', /keyturn\.yaml:2:1: is not valid YAML: Map keys must be unique/],
    ['--- 1\n--- 2\n', /is not valid YAML/],
    ['\ta: 1', /is not valid YAML/],
  ])('is a file that is not YAML, and then what it may hold is not called missing: %j', async (file, expected) => {
    const found = await faults({ file });
    expect(found.join('\n')).toMatch(expected);
    expect(found.join('\n')).not.toContain('is required');
  });

  it('is a file that grows without end when it is read', async () => {
    const laughs = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 10; i += 1)
      laughs.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    const file = `${base}sources:\n  - {${laughs.join(', ')}}\n`;
    expect(await faults({ file })).toEqual([
      'sources (keyturn.yaml:4:1): has aliases (*name) that lead nowhere or repeat too much; write the value out',
    ]);
  });

  it('is an alias that leads nowhere', async () => {
    expect(await faults({ file: `${base}size: *nowhere\n` })).toEqual([
      'size (keyturn.yaml:4:1): has aliases (*name) that lead nowhere or repeat too much; write the value out',
    ]);
  });

  it.each(['[]', 'text', '5'])('is a file that holds something else than settings: %s', async (file) => {
    expect((await faults({ file })).length).toBeGreaterThan(0);
  });

  it('comes with all others at once', async () => {
    const found = await faults({
      file: 'auth:\n  issuer: nonsense\nwrong: 1\n',
      env: { KEYTURN_WRONG: '1', KEYTURN_AUTH__CLOCK_TOLERANCE: 'x', TOKEN_EXCHANGE_CLIENT_SECRET: 'short' },
      flags: { wrong: true, 'log.level': 'loud' },
    });
    expect(found).toHaveLength(8);
  });

  it('never holds a value', async () => {
    const secret = 's3cret';
    const given = {
      file: `auth:\n  issuer: ${secret}\n  audiences: ${secret}\nlog: {level: ${secret}}\nsize: ${secret}\n`,
      env: {
        KEYTURN_EXCHANGE__CLIENT_SECRET: secret,
        TOKEN_EXCHANGE_CLIENT_SECRET: `${secret}2`,
        KEYTURN_AUTH__CLOCK_TOLERANCE: secret,
        KEYTURN_LABELS: `{${secret}`,
      },
      flags: { 'log.pretty': secret },
    };
    const found = await faults(given);
    expect(found.length).toBeGreaterThanOrEqual(7);
    expect(found.join('\n')).not.toContain(secret);
  });
});

describe('a variable', () => {
  it('that begins otherwise is nobody’s business', async () => {
    expect(await faults({ file: base, env: { PATH: '/bin', AUTH__ISSUER: 'x', KEYTURN: 'x' } })).toEqual([]);
  });

  it('may be set apart as no setting', async () => {
    const env = { KEYTURN_CONFIG: 'keyturn.yaml' };
    expect(await faults({ file: base, env })).toHaveLength(1);
    expect(await faults({ file: base, env, ignoredEnv: ['KEYTURN_CONFIG'] })).toEqual([]);
  });

  it('that is for tests is no setting', async () => {
    expect(await faults({ file: base, env: { KEYTURN_TEST_POSTGRES_URL: 'postgres://h/d' } })).toEqual([]);
  });

  it('cannot reach what every object has', async () => {
    const env = {
      KEYTURN___PROTO____POLLUTED: 'x',
      KEYTURN_LABELS__CONSTRUCTOR: 'x',
      KEYTURN_LABELS: '{"__proto__":{"polluted":1}}',
    };
    expect((await faults({ file: base, env })).length).toBeGreaterThan(0);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });
});
