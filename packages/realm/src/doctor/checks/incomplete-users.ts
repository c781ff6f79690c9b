import type { JsonObject } from '@keyturn/protocol';
import { pathOf } from '../../live/admin.ts';
import { runnable, type Verdict } from '../check.ts';
import { textMember } from '../facts.ts';

/** FACTS §1.12: seed 003's johndoe. Seed 004: "Dev user can't log in". */
export const incompleteUsers = runnable<readonly JsonObject[]>({
  id: 'incomplete-users',
  why: 'A user without e-mail, first and last name gets no token by password: "Account is not fully set up". One with a required action must log in by browser first.',
  needs: 'the first hundred users (admin login)',
  async gather({ admin, settings }) {
    const body = await admin?.find(`${pathOf(settings.realm)}/users?first=0&max=100&briefRepresentation=false`);
    return Array.isArray(body) ? (body as readonly JsonObject[]) : undefined;
  },
  judge: (users) =>
    users.flatMap((user): readonly Verdict[] => {
      const looked = `user ${textMember(user, 'username')}`;
      const missing = ['email', 'firstName', 'lastName'].filter((member) => textMember(user, member) === '');
      if (user['enabled'] === false) return [{ severity: 'note', looked, found: 'disabled' }] as const;
      if (missing.length > 0)
        return [
          {
            severity: 'warning',
            looked,
            found: `has no ${missing.join(', ')}`,
            mend: `give them in the realm file, then keyturn realm apply --target "${looked}"`,
          },
        ] as const;
      const actions = user['requiredActions'];
      return Array.isArray(actions) && actions.length > 0
        ? ([{ severity: 'note', looked, found: `must first do: ${actions.join(', ')}` }] as const)
        : [];
    }),
});
