import { ok, type Result, refuse } from '@keyturn/protocol';
import type { IdpContext } from './context.ts';
import { findLogin, type Realm, type User } from './model/index.ts';

/** Why a login with user name and password failed. Pages and grants show `unknown`, `wrong` and `locked` alike. */
export type LoginRefusal =
  | { readonly why: 'unknown' }
  | { readonly why: 'wrong'; readonly user: User }
  | { readonly why: 'locked'; readonly user: User; readonly permanently: boolean }
  | { readonly why: 'disabled'; readonly user: User };

/**
 * Whether name and password are a user's. Counts failures and locks as the realm's brute-force settings say; an unknown
 * name takes as long as a wrong password. Required actions are for the caller to look at.
 */
export async function checkPassword(
  context: IdpContext,
  realm: Realm,
  username: string,
  password: string,
  address: string,
): Promise<Result<User, LoginRefusal>> {
  const user = findLogin(context.state, realm, username);
  const credential = user?.credentials.find((it) => it.type === 'password');
  if (user === undefined) {
    await context.passwords.pretend(password);
    return refuse({ why: 'unknown' });
  }
  // Nobody logs in as a service account.
  if (user.serviceAccountClientUuid !== undefined) return refuse({ why: 'unknown' });
  if (!user.enabled) {
    const locked =
      realm.bruteForceProtected && realm.permanentLockout && context.state.loginFailures.get(user.id) !== undefined;
    return refuse(locked ? { why: 'locked', user, permanently: true } : { why: 'disabled', user });
  }
  if (isLocked(context, realm, user)) {
    await context.passwords.pretend(password);
    return refuse({ why: 'locked', user, permanently: false });
  }
  if (credential === undefined) await context.passwords.pretend(password);
  else if (await context.passwords.check(credential.hash, password)) {
    context.state.loginFailures.delete(user.id);
    return ok(context.state.users.get(user.id) ?? user);
  }
  recordFailure(context, realm, user, address);
  return refuse({ why: 'wrong', user });
}

/** Whether the user is locked for now. */
export function isLocked(context: IdpContext, realm: Realm, user: User): boolean {
  const failures = realm.bruteForceProtected ? context.state.loginFailures.get(user.id) : undefined;
  return failures !== undefined && failures.failedLoginNotBefore > context.state.now();
}

// Keycloak's rule: every `failureFactor` failures the wait grows by one increment; two failures faster than a person
// types lock for the quick-login wait.
function recordFailure(context: IdpContext, realm: Realm, user: User, address: string): void {
  if (!realm.bruteForceProtected) return;
  const { state } = context;
  const at = state.clock();
  const before = state.loginFailures.get(user.id);
  const rested = before !== undefined && at - before.lastFailure > realm.maxDeltaTimeSeconds * 1000;
  const numFailures = (rested ? 0 : (before?.numFailures ?? 0)) + 1;
  const lockouts = rested ? 0 : (before?.numTemporaryLockouts ?? 0);
  const steps = Math.floor(numFailures / Math.max(1, realm.failureFactor));
  const linear = realm.bruteForceStrategy === 'LINEAR';
  const due = linear
    ? Math.max(0, numFailures - realm.failureFactor + 1)
    : numFailures % Math.max(1, realm.failureFactor) === 0
      ? steps
      : 0;
  const quick = before !== undefined && !rested && at - before.lastFailure < realm.quickLoginCheckMilliSeconds;
  const counted = Math.min(due * realm.waitIncrementSeconds, realm.maxFailureWaitSeconds);
  const wait =
    counted > 0 ? counted : quick ? Math.min(realm.minimumQuickLoginWaitSeconds, realm.maxFailureWaitSeconds) : 0;
  const permanent =
    realm.permanentLockout && numFailures >= realm.failureFactor && lockouts >= realm.maxTemporaryLockouts;
  state.transaction(() => {
    state.loginFailures.put({
      id: user.id,
      realmId: realm.id,
      numFailures,
      numTemporaryLockouts: wait > 0 ? lockouts + 1 : lockouts,
      lastFailure: at,
      lastIPFailure: address,
      failedLoginNotBefore: wait > 0 ? state.now() + wait : (before?.failedLoginNotBefore ?? 0),
    });
    if (permanent) state.users.put({ ...user, enabled: false });
  });
  const event = permanent
    ? 'USER_DISABLED_BY_PERMANENT_LOCKOUT'
    : wait > 0
      ? 'USER_DISABLED_BY_TEMPORARY_LOCKOUT'
      : undefined;
  if (event !== undefined) {
    context.events.user(realm, {
      type: event,
      userId: user.id,
      ipAddress: address,
      details: { reason: 'brute_force_attack detected' },
    });
  }
}

/** What stands between a user and a finished login: pending required actions, and profile fields that are missing. */
export function pendingActions(realm: Realm, user: User): readonly string[] {
  const pending = user.requiredActions.filter((alias) =>
    realm.requiredActions.some((it) => it.alias === alias && it.enabled),
  );
  if (realm.verifyEmail && !user.emailVerified && !pending.includes('VERIFY_EMAIL')) pending.push('VERIFY_EMAIL');
  const verifies = realm.requiredActions.some((it) => it.alias === 'VERIFY_PROFILE' && it.enabled);
  if (verifies && missingProfileFields(realm, user).length > 0) pending.push('VERIFY_PROFILE');
  return pending;
}

/** Names of the profile attributes that the realm requires of users and that this one has not. */
export function missingProfileFields(realm: Realm, user: User): readonly string[] {
  const attributes: unknown = realm.userProfile['attributes'];
  if (!Array.isArray(attributes)) return [];
  const missing: string[] = [];
  for (const attribute of attributes as readonly { name?: string; required?: { roles?: readonly string[] } }[]) {
    const { name, required } = attribute;
    if (name === undefined || required === undefined) continue;
    if (required.roles !== undefined && !required.roles.includes('user')) continue;
    const value =
      name === 'username' || name === 'email' || name === 'firstName' || name === 'lastName'
        ? user[name]
        : user.attributes[name]?.[0];
    if (value === undefined || value === '') missing.push(name);
  }
  return missing;
}
