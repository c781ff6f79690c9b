import { describe, expect, it } from 'vitest';
import { compileGroupMapping, type GroupMapping, rolesOfMapping } from './group-mapping.ts';
import { readGroupClaim } from './sync.ts';

const map = (mapping: GroupMapping, groups: readonly string[], nested = true): readonly string[] =>
  compileGroupMapping(mapping, { nested })(groups).map(({ role }) => role);

describe('a mapping of groups to roles', () => {
  it('takes a full path, and the groups below it as Keycloak does', () => {
    const mapping = { '/staff': 'Viewer', '/staff/editors': ['Editor', 'Author'] };
    expect(map(mapping, ['/staff/editors/night'])).toEqual(['Author', 'Editor', 'Viewer']);
    expect(map(mapping, ['/staff/editors'], false)).toEqual(['Author', 'Editor']);
    expect(map(mapping, ['/staffing', '/x/staff', '/staff2/editors', 'staff/editors2'])).toEqual([]);
  });

  it('takes a bare name for a top-level group only: a subgroup of that name is another group', () => {
    const mapping = { 'django-admins': 'Administrator' };
    expect(map(mapping, ['django-admins'])).toEqual(['Administrator']);
    expect(map(mapping, ['/django-admins'])).toEqual(['Administrator']);
    expect(
      map(mapping, ['/students/django-admins', 'students/django-admins', '//django-admins', '/django-admins/']),
    ).toEqual([]);
  });

  it.each([
    ['/staff/*', ['/staff/a', '/staff/b/c'], ['/staff', '/staff/', '/staffa/b']],
    ['/staff/**', ['/staff/a', '/staff/b/c'], ['/staff', '/staff/', '/x/staff/a']],
    ['/*/leads', ['/a/leads', '/b/leads/deputy'], ['/leads', '/a/b/leads']],
    ['team-*', ['team-a', '/team-b', '/team-c/x'], ['/x/team-a', 'ateam-b']],
    ['/a.b', ['/a.b'], ['/aXb']],
  ])('%s fits %j and not %j', (pattern, fitting, others) => {
    for (const group of fitting) expect(map({ [pattern]: 'R' }, [group]), group).toEqual(['R']);
    for (const group of others) expect(map({ [pattern]: 'R' }, [group]), group).toEqual([]);
  });

  it('takes look-alikes for others: other letters, other cases, other ways to compose', () => {
    const mapping = { '/admins': 'Administrator', '/caf\u00E9': 'Cook' };
    for (const group of ['/\u0430dmins', '/ADMINS', '/admins\u200B', '/\uFF41dmins', '/cafe\u0301', '\u2215admins']) {
      expect(map(mapping, [group]), group).toEqual([]);
    }
    expect(map({ toString: 'R', 'a$&b': 'S' }, ['constructor', '__proto__', 'a$&b'])).toEqual(['S']);
  });

  it('names the groups that gave a role, a few of them', () => {
    const groups = Array.from({ length: 10_000 }, (_, i) => `/staff/g${String(i).padStart(5, '0')}`);
    const [found] = compileGroupMapping({ '/staff': 'Viewer' }, { nested: true })(groups);
    expect(found?.via).toEqual(['/staff/g00000', '/staff/g00001', '/staff/g00002', '/staff/g00003', '/staff/g00004']);
  });

  it('says which roles it names, and where', () => {
    expect([...rolesOfMapping({ '/a': 'R', '/b': ['S', 'R'] })]).toEqual([
      ['R', '/a'],
      ['S', '/b'],
    ]);
  });
});

describe('a group claim', () => {
  it('is a list, or one text where a mapper is not multivalued', () => {
    expect(readGroupClaim(['/a', '/b', '/a'])).toEqual({ read: true, groups: ['/a', '/b'] });
    expect(readGroupClaim('/a')).toEqual({ read: true, groups: ['/a'] });
    expect(readGroupClaim([])).toEqual({ read: true, groups: [] });
    expect(readGroupClaim('')).toEqual({ read: true, groups: [] });
  });

  it('that is not there is no news, and one that cannot be read is none either', () => {
    expect([undefined, null, {}, 7, true].map((claim) => readGroupClaim(claim))).toEqual([
      { read: false, why: 'missing' },
      { read: false, why: 'missing' },
      { read: false, why: 'malformed' },
      { read: false, why: 'malformed' },
      { read: false, why: 'malformed' },
    ]);
  });

  it('of 10,000 entries is read, what is no text in it is no group, and one without end is not', () => {
    const many = Array.from({ length: 10_000 }, (_, i) => `/g${i}`);
    expect(readGroupClaim([...many, 7, null, {}, ['/admins'], ''])).toEqual({ read: true, groups: many });
    expect(readGroupClaim(Array.from({ length: 20_001 }, () => '/g'))).toEqual({ read: false, why: 'too-many' });
  });
});
