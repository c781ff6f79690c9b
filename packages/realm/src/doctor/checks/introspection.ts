import { membersOf } from '../../model/members.ts';
import { runnable } from '../check.ts';
import { ask, audiencesOf, attributeOf, claimsOf, realmFacts, textMember, tokenEndpoint } from '../facts.ts';

interface Facts {
  readonly active: boolean;
  readonly expired: boolean;
  readonly clientId: string;
  readonly inAudience: boolean;
  /** The attribute that waives the rule; undefined without an admin login. */
  readonly waived: boolean | undefined;
}

/** FACTS §1.3: since 26.6.2 the caller of introspection must be in the token's audience. */
export const introspection = runnable<Facts>({
  id: 'introspection',
  why: 'Introspection by a client that is not in aud answers {"active":false}, which looks like an expired token.',
  needs: 'a token and a client with its secret (--token, --client-id, --client-secret)',
  async gather(context) {
    const { token, clientId, clientSecret } = context.settings;
    if (token === undefined || clientId === undefined || clientSecret === undefined) return undefined;
    const claims = claimsOf(token);
    const answer = await ask(context, `${tokenEndpoint(context)}/introspect`, {
      form: { token, client_id: clientId, client_secret: clientSecret },
    });
    if (claims === undefined || answer.status !== 200) return undefined;
    const client = (await realmFacts(context))?.clients.find((one) => textMember(one, 'clientId') === clientId);
    return {
      active: membersOf(answer.body)['active'] === true,
      expired: (claims.exp ?? 0) * 1000 <= context.clock(),
      clientId,
      inAudience: audiencesOf(claims).includes(clientId),
      waived:
        client === undefined
          ? undefined
          : attributeOf(client, 'allow.token.introspection.without.audience.check') === 'true',
    };
  },
  judge({ active, expired, clientId, inAudience, waived }) {
    const looked = `introspection by ${clientId}`;
    if (active) return [{ severity: 'ok', looked, found: 'active' }];
    if (expired) return [{ severity: 'note', looked, found: 'inactive: the token has expired' }];
    if (inAudience || waived === true)
      return [
        {
          severity: 'warning',
          looked,
          found: 'inactive: the session has ended, the user is disabled or the token was revoked',
          mend: 'log in again',
        },
      ];
    return [
      {
        severity: 'error',
        looked,
        found: `inactive, because ${clientId} is not in the token’s aud`,
        mend: `add an audience mapper for ${clientId}, or set allow.token.introspection.without.audience.check on it`,
      },
    ];
  },
});
