import { epochMilliseconds, ok, refuse, seconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { contextOfToken } from '../../http/caller.ts';
import { type ReadPerson, rolesNowBy } from './roles-now.ts';
import { issuer } from './open-desk.ts';

const approvedAt = epochMilliseconds(1_800_000_000_000);

/** The roles of an approver whose token brought `approver` and `web:lead`, so many seconds after they approved. */
function rolesAfter(later: number, readPerson?: ReadPerson, from = issuer) {
  const rolesNow = rolesNowBy({
    // Keyturn itself has assigned one, which needs no token.
    rolesOf: (principal) => ({ ...contextOfToken(principal), roles: [...contextOfToken(principal).roles, 'assigned'] }),
    readPerson,
    issuer,
    tokenRolesFor: seconds(900),
    clock: () => epochMilliseconds(approvedAt + later * 1000),
  });
  const tokenRoles = ['approver', 'web:lead'];
  return rolesNow({ issuer: from, identity: 'rita', subject: 'rita-sub', tokenRoles, at: approvedAt });
}
const says =
  (realmRoles: readonly string[] | undefined, state: 'active' | 'disabled' | 'gone' = 'active'): ReadPerson =>
  async () =>
    ok({ state, realmRoles });

describe('the roles of whoever approved', () => {
  it('that only a token vouched for count for a stated time, and those that Keyturn assigned for as long as it does', async () => {
    expect(await rolesAfter(899)).toEqual(['approver', 'web:lead', 'assigned']);
    expect(await rolesAfter(900)).toEqual(['assigned']);
  });

  it('are gone with the moment in which the identity provider takes them away, where it can be asked', async () => {
    expect(await rolesAfter(1, says(['default-roles']))).toEqual(['web:lead', 'assigned']);
    expect(await rolesAfter(3000, says(['approver']))).toEqual(['approver', 'assigned']);
  });

  it('are not more than the token brought, whatever somebody has been given since', async () => {
    expect(await rolesAfter(1, says(['approver', 'admin']))).toEqual(['approver', 'web:lead', 'assigned']);
  });

  it.each(['disabled', 'gone'] as const)('are none of somebody who is %s', async (state) => {
    expect(await rolesAfter(1, says(undefined, state))).toBe('gone');
  });

  it('fall back on the stated time where the identity provider does not answer, or knows another one’s users', async () => {
    const silent: ReadPerson = async () => refuse('the admin API does not answer');
    expect(await rolesAfter(1, silent)).toContain('approver');
    expect(await rolesAfter(900, silent)).toEqual(['assigned']);
    expect(await rolesAfter(1, says(undefined))).toContain('approver');
    expect(await rolesAfter(1, says([]), 'https://elsewhere.example')).toContain('approver');
    expect(await rolesAfter(900, says(['approver']), 'https://elsewhere.example')).toEqual(['assigned']);
  });
});
