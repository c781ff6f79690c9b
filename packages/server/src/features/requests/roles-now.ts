import { type Clock, epochSeconds, type Principal, type Result, type Seconds } from '@keyturn/protocol';
import type { RolesOf } from '../../http/caller.ts';
import type { RolesNow } from './validity.ts';

/** What the identity provider says of somebody at this moment; refused with a sentence where it cannot be asked. */
export type ReadPerson = (who: { readonly issuer: string; readonly subject: string }) => Promise<
  Result<
    {
      readonly state: 'active' | 'disabled' | 'gone';
      /** Undefined where these could not be read. */
      readonly realmRoles: readonly string[] | undefined;
    },
    string
  >
>;

export interface RolesNowParts {
  /** Roles that Keyturn has assigned, beside those of a token. */
  readonly rolesOf: RolesOf;
  /** Undefined where no client may read users. */
  readonly readPerson: ReadPerson | undefined;
  /** Whose users can be read. */
  readonly issuer: string;
  /** For how long after an approval a role counts that only the approver's token vouched for. */
  readonly tokenRolesFor: Seconds;
  readonly clock: Clock;
}

/**
 * The roles that an approver has at this moment: those that Keyturn assigns now, and of those that their token brought
 * the ones that still stand. The identity provider is asked where it can be; what it cannot be asked for (other issuers,
 * roles of clients, an identity provider that does not answer) stands for as long as the settings say after the approval.
 * Whoever is disabled or gone has nothing, whatever any list says.
 */
export function rolesNowBy({ rolesOf, readPerson, issuer: own, tokenRolesFor, clock }: RolesNowParts): RolesNow {
  return async ({ issuer, identity, subject, sessionId, tokenRoles, at }) => {
    const isAskable = readPerson !== undefined && subject !== undefined && issuer === own;
    const said = isAskable ? await readPerson({ issuer, subject }) : undefined;
    const person = said?.ok === true ? said.value : undefined;
    if (person !== undefined && person.state !== 'active') return 'gone';
    const isFresh = clock() < at + tokenRolesFor * 1000;
    const realmRoles = person?.realmRoles;
    const standing = tokenRoles.filter((role) =>
      realmRoles === undefined || role.includes(':') ? isFresh : realmRoles.includes(role),
    );
    const principal: Principal = {
      issuer,
      identity,
      subject,
      sessionId,
      client: undefined,
      serviceAccount: false,
      audiences: [],
      scopes: [],
      roles: { realm: standing, clients: {} },
      tokenId: undefined,
      issuedAt: undefined,
      expiresAt: epochSeconds(0),
      claims: {},
    };
    return (await rolesOf(principal)).roles;
  };
}
