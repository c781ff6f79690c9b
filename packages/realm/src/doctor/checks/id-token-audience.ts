import { membersOf, objectsOf } from '../../model/members.ts';
import { runnable } from '../check.ts';
import { type RealmFacts, realmFacts, textMember } from '../facts.ts';

/** FACTS §2: seed 001's mapper. */
export const idTokenAudience = runnable<RealmFacts>({
  id: 'id-token-audience',
  why: 'With id.token.claim "true" an audience mapper puts the gateway into the aud of ID tokens, which then pass an audience check although they are no access tokens.',
  needs: 'audience mappers (admin login)',
  gather: realmFacts,
  judge: ({ clients, scopes }) =>
    [
      ...clients.map((one) => ['client', textMember(one, 'clientId'), one] as const),
      ...scopes.map((one) => ['client-scope', textMember(one, 'name'), one] as const),
    ].flatMap(([kind, name, owner]) =>
      objectsOf(owner['protocolMappers'])
        .filter(
          (mapper) =>
            mapper['protocolMapper'] === 'oidc-audience-mapper' &&
            membersOf(mapper['config'])['id.token.claim'] === 'true',
        )
        .map(
          (mapper) =>
            ({
              severity: 'warning',
              looked: `${kind}-mapper ${name} / ${textMember(mapper, 'name')}, id.token.claim`,
              found: '"true"',
              mend: `set it to "false" (the recipes do), then keyturn realm apply --target "${kind} ${name}"`,
            }) as const,
        ),
    ),
});
