import type { InitialAccess } from '../../model/index.ts';
import { signInitialAccessToken } from '../../tokens/registration-tokens.ts';
import { type Answer, created, json, noContent } from '../frame/answer.ts';
import type { RealmCall } from '../frame/call.ts';
import { may } from '../frame/permissions.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { integer, object, type ReadObject, texts } from '../json/shape.ts';

const fields = { expiration: integer, count: integer, webOrigins: texts };
const createReader = object('ClientInitialAccessCreatePresentation', fields);

/** Initial access tokens: whoever has one may register clients by dynamic registration. */
export function registerInitialAccess(routes: RealmRoutes): void {
  const base = '/clients-initial-access';
  const change = { needs: may.manageClients, records: 'CLIENT_INITIAL_ACCESS_MODEL' } as const;
  routes.get(base, may.viewClients, (call) => json(call.context.state.initialAccess.ofRealm(call.realm.id).map(show)));
  routes.post(base, { ...change, body: createReader }, createOne);
  routes.delete(`${base}/:access`, change, (call) => {
    const found = call.context.state.initialAccess.inRealm(call.realm.id, call.param('access'));
    if (found !== undefined) call.context.state.initialAccess.delete(found.id);
    return noContent;
  });
}

// The token is shown once, and only here.
async function createOne(call: RealmCall, given: ReadObject<typeof fields>): Promise<Answer> {
  const { state, urls } = call.context;
  const count = Math.max(0, given.count ?? 1);
  const expiration = Math.max(0, given.expiration ?? 0);
  const timestamp = state.now();
  const access = { id: state.newUuid(), realmId: call.realm.id, timestamp, expiration, count, remainingCount: count };
  const token = await signInitialAccessToken(call.context, call.realm, urls.issuer(call.request, call.realm), access);
  state.initialAccess.put(access);
  return { ...created(['clients-initial-access', access.id], given), body: { ...show(access), token } };
}

function show(access: InitialAccess): object {
  const { id, timestamp, expiration, count, remainingCount } = access;
  return { id, timestamp, expiration, count, remainingCount };
}
