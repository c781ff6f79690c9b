import { type Approver, foldName } from '@keyturn/policy';
import { type EpochMilliseconds, epochMilliseconds, type Principal } from '@keyturn/protocol';
import { actorsOf } from '../../http/actors.ts';
import { type Caller, rolesOfToken } from '../../http/caller.ts';
import type { Membership } from './membership.ts';
import type { Approval, Requester } from './request.ts';
import { rolesOfReviewer } from './validity.ts';

/** Claims that name the client. A person's token has them too, so only a client's own token is known by them. */
const clientClaims: ReadonlySet<string> = new Set(['azp', 'client_id', 'appid', 'cid']);

/**
 * The name by which subject lists know a caller. With `azp` a client's own token is known by its client, and a person,
 * whose token names a client as well, by `sub`.
 */
export function gatewayIdentity(principal: Principal, claim: string): string {
  if (clientClaims.has(claim)) {
    const { serviceAccount, client, subject, identity } = principal;
    return (serviceAccount ? client : subject) ?? identity;
  }
  const value = principal.claims[claim];
  if (claim === 'email' && principal.claims['email_verified'] !== true) return principal.subject ?? principal.identity;
  return typeof value === 'string' && value !== '' ? value : principal.identity;
}

export function isAgent(caller: Caller, members: Membership): boolean {
  const identity = gatewayIdentity(caller.principal, members.identityClaim);
  return members.agentSubjects.includes(identity) || members.agentRoles.some((role) => caller.roles.includes(role));
}

export function isReviewer(caller: Caller, members: Membership): boolean {
  const identity = gatewayIdentity(caller.principal, members.identityClaim);
  return (
    members.reviewerSubjects.includes(identity) || members.reviewerRoles.some((role) => caller.roles.includes(role))
  );
}

/** Whoever asks, with every name that an approver must not have. */
export function requesterOf(caller: Caller, members: Membership): Requester {
  const { principal, pat } = caller;
  const { subject, client, tokenId, sessionId, issuer, serviceAccount } = principal;
  return {
    issuer,
    identity: gatewayIdentity(principal, members.identityClaim),
    serviceAccount,
    roles: caller.roles,
    scopes: principal.scopes,
    names: namesOf(principal),
    actors: actorsOf(principal.claims['act']),
    owners: ownersOf(principal, members),
    ...(subject === undefined ? {} : { subject }),
    ...(client === undefined ? {} : { client }),
    ...(tokenId === undefined ? {} : { tokenId }),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(pat === undefined ? {} : { pat: pat.id }),
  };
}

/** Whoever wants to approve. */
export function approverOf(caller: Caller, members: Membership): Approver & Requester {
  const { principal, pat } = caller;
  const { acr, auth_time: authTime } = principal.claims;
  const asParty = requesterOf(caller, members);
  const credential = pat?.id ?? (principal.serviceAccount ? principal.client : undefined);
  // Standing in the list of reviewers by its own name is being allowed by name.
  const isListed = pat === undefined && principal.serviceAccount && members.reviewerSubjects.includes(asParty.identity);
  return {
    ...asParty,
    isReviewer: isReviewer(caller, members),
    roles: rolesOfReviewer(asParty.identity, caller.roles, members),
    shared: credential !== undefined,
    sharedAllowed: isListed || (credential !== undefined && members.sharedApprovers.includes(credential)),
    ...(typeof acr === 'string' ? { acr } : {}),
    ...(typeof authTime === 'number' ? { authTime: epochMilliseconds(authTime * 1000) } : {}),
  };
}

/** The approval of whoever may give one. */
export function approvalOf(
  { principal }: Caller,
  approver: Approver & Requester,
  at: EpochMilliseconds,
  reason: string | undefined,
): Approval {
  const { subject, client, tokenId, sessionId, pat, acr, authTime } = approver;
  return {
    issuer: approver.issuer,
    identity: approver.identity,
    serviceAccount: approver.serviceAccount,
    names: approver.names,
    actors: approver.actors,
    owners: approver.owners,
    roles: approver.roles,
    tokenRoles: rolesOfToken(principal),
    at,
    ...(subject === undefined ? {} : { subject }),
    ...(client === undefined ? {} : { client }),
    ...(tokenId === undefined ? {} : { tokenId }),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(pat === undefined ? {} : { pat }),
    ...(acr === undefined ? {} : { acr }),
    ...(authTime === undefined ? {} : { authTime }),
    ...(reason === undefined ? {} : { reason }),
  };
}

function namesOf({ claims }: Principal): readonly string[] {
  const { preferred_username: username, email, email_verified: verified } = claims;
  return [username, verified === true ? email : undefined].filter((name) => typeof name === 'string');
}

/** The people whose client this is, if it is the client's own account. The owner of a personal access token is its subject. */
function ownersOf(principal: Principal, members: Membership): readonly string[] {
  const { client, serviceAccount } = principal;
  if (!serviceAccount || client === undefined) return [];
  const folded = foldName(client);
  return Object.entries(members.clientOwners).flatMap(([owned, owners]) => (foldName(owned) === folded ? owners : []));
}
