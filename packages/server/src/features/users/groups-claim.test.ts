import { describe, expect, it } from 'vitest';
import { readGroups } from './groups-claim.ts';

const read = (claim: unknown) => readGroups([{ groups: claim } as never], 'groups');

describe('the claim of groups', () => {
  it('is read in the first token that has it, sorted and each once', () => {
    expect(readGroups([{}, { groups: ['/b', '/a', '/b'] }, { groups: ['/c'] }], 'groups')).toEqual({
      groups: ['/a', '/b'],
      fault: undefined,
    });
  });

  it('gives no group where it is missing, since Keycloak leaves it out of the token of whoever is in none', () => {
    expect(readGroups([{}, { groupes: ['/a'] }], 'groups')).toEqual({ groups: [], fault: 'missing' });
  });

  it('may be one text; a bare name is a top-level group', () => {
    expect(read('editors')).toEqual({ groups: ['/editors'], fault: undefined });
  });

  it('does not take a bare name with a slash in it for the path that it spells', () => {
    expect(read(['staff/editors', 'staff'])).toEqual({ groups: ['/staff'], fault: 'malformed' });
  });

  it.each([[null], [42], [{ 0: '/admins' }], [true]])('that is %j gives no group', (claim) => {
    expect(read(claim)).toEqual({ groups: [], fault: 'malformed' });
  });

  it('loses entries that are no names, and keeps the others', () => {
    expect(read(['/a', 7, null, ['/admins'], '', '/b\n/admins', 'x'.repeat(1025)])).toEqual({
      groups: ['/a'],
      fault: 'malformed',
    });
  });

  it('of 10,000 entries is read in a moment; of 20,001 it gives none', () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => `/group-${i}`);
    expect(read(many(10_000)).groups).toHaveLength(10_000);
    expect(read(many(20_001))).toEqual({ groups: [], fault: 'too-many' });
  });

  it('keeps look-alikes and slashes as they are', () => {
    const names = ['/аdmins', '/admins\u200b', '/ＡＤＭＩＮＳ', '//admins', '/a/../admins', '/a~/b'];
    expect(read(names).groups).not.toContain('/admins');
    expect(read(names).groups).toHaveLength(names.length);
  });
});
