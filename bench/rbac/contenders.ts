import { createMongoAbility, type MongoAbility } from '@casl/ability';
import { createSession, defaultActivation, isPermitted, type Rbac, sessionPermissions } from '@keyturn/policy/rbac';
import { newEnforcer, newModelFromString } from 'casbin';
import { permissionsOf, type Question, roleOf } from './estate.ts';

/** Somebody who answers the question, warm. */
export interface Contender {
  readonly name: string;
  readonly ask: (question: Question) => boolean;
  /** Questions a round: one that is slow is asked less often. */
  readonly count: number;
}

/** Keyturn: a session of each user, all of whose roles are active. */
export function createKeyturn(
  rbac: Rbac,
  users: readonly string[],
): { readonly contender: Contender; readonly rbac: Rbac } {
  let warm = rbac;
  for (const user of users) {
    const { active } = defaultActivation(warm, warm.users.get(user));
    const made = createSession(warm, user, `${user} sid:1`, active);
    if (!made.ok) throw new Error(JSON.stringify(made.refusal));
    warm = made.value;
  }
  const ask = ({ session, operation, object }: Question): boolean => isPermitted(warm, session, operation, object);
  return { contender: { name: 'keyturn isPermitted', ask, count: 200_000 }, rbac: warm };
}

/** CASL: an ability of each user, built from the permissions of the same session. */
export function createCasl(rbac: Rbac, users: readonly string[]): Contender {
  const abilities = new Map<string, MongoAbility>();
  for (const user of users) {
    const texts = sessionPermissions(rbac, `${user} sid:1`);
    const rules = (texts.ok ? texts.value : []).map((text) => {
      const [action = '', subject = ''] = text.split('@');
      return { action, subject };
    });
    abilities.set(user, createMongoAbility(rules));
  }
  const ask = ({ user, operation, object }: Question): boolean => abilities.get(user)?.can(operation, object) === true;
  return { name: 'CASL can', ask, count: 200_000 };
}

const model = `
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.act == p.act && r.obj == p.obj && g(r.sub, p.sub)
`;

/** node-casbin: the same roles, permissions and users, with the cheap comparisons first in its matcher. */
export async function createCasbin(
  rbac: Rbac,
  users: readonly string[],
  chains: number,
  depth: number,
): Promise<Contender> {
  const enforcer = await newEnforcer(newModelFromString(model));
  const policies: string[][] = [];
  const groupings: string[][] = [];
  for (let chain = 0; chain < chains; chain++) {
    for (let level = 0; level < depth; level++) {
      const role = roleOf(chain, level);
      for (const { operation, object } of permissionsOf(chain, level)) policies.push([role, object, operation]);
      if (level > 0) groupings.push([roleOf(chain, level - 1), role]);
    }
  }
  // Only the users that are asked about: with all 10,000 it is slower still.
  for (const user of users)
    for (const role of rbac.users.get(user)?.assigned.keys() ?? []) groupings.push([user, role]);
  await enforcer.addPolicies(policies);
  await enforcer.addGroupingPolicies(groupings);
  const ask = ({ user, operation, object }: Question): boolean => enforcer.enforceSync(user, object, operation);
  return { name: 'node-casbin enforceSync', ask, count: 20 };
}
