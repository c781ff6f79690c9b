import { json, noContent, type Answer } from '../frame/answer.ts';
import type { RealmCall } from '../frame/call.ts';
import { may } from '../frame/permissions.ts';
import type { RealmRoutes } from '../frame/routes.ts';

/** Who is locked out by brute-force protection, and letting them in again. */
export function registerAttackDetection(routes: RealmRoutes): void {
  const base = '/attack-detection/brute-force/users';
  const change = { needs: may.manageUsers, records: 'none' } as const;
  routes.get(`${base}/:user`, may.viewUsers, status);
  routes.delete(`${base}/:user`, change, (call) => {
    const { state } = call.context;
    const failure = state.loginFailures.inRealm(call.realm.id, call.param('user'));
    if (failure !== undefined) state.loginFailures.delete(failure.id);
    return noContent;
  });
  routes.delete(base, change, (call) => {
    const { state } = call.context;
    state.transaction(() => {
      for (const failure of state.loginFailures.ofRealm(call.realm.id)) state.loginFailures.delete(failure.id);
    });
    return noContent;
  });
}

function status(call: RealmCall): Answer {
  const { state } = call.context;
  const user = state.users.inRealm(call.realm.id, call.param('user'));
  const failure = user === undefined ? undefined : state.loginFailures.inRealm(call.realm.id, user.id);
  return json({
    failedLoginNotBefore: failure?.failedLoginNotBefore ?? 0,
    numFailures: failure?.numFailures ?? 0,
    numTemporaryLockouts: failure?.numTemporaryLockouts ?? 0,
    disabled: user?.enabled === false || (failure !== undefined && failure.failedLoginNotBefore > state.now()),
    numSecondaryAuthFailures: 0,
    lastIPFailure: failure?.lastIPFailure ?? 'n/a',
    lastFailure: failure?.lastFailure ?? 0,
  });
}
