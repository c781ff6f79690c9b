import { membersOf } from '../../model/members.ts';
import { runnable } from '../check.ts';
import { type Answer, ask, tokenEndpoint } from '../facts.ts';

/** A proxy that asks for a login before it lets anything through also asks machines. */
export const loginProxy = runnable<Answer>({
  id: 'login-proxy',
  why: 'A login proxy in front of the token endpoint answers machines with a page or a redirect instead of a token.',
  needs: 'the token endpoint',
  gather: (context) => ask(context, tokenEndpoint(context), { form: { probe: 'keyturn-doctor' } }),
  judge(answer) {
    if (answer.failure !== undefined && !/redirect/i.test(answer.failure)) return [];
    if (typeof membersOf(answer.body)['error'] === 'string')
      return [{ severity: 'ok', looked: answer.url, found: 'answers as an OAuth token endpoint' }];
    const found = answer.status === undefined ? (answer.failure ?? '') : `${answer.status} without an OAuth error`;
    return [
      {
        severity: 'error',
        looked: answer.url,
        found,
        mend: 'let /realms/*/protocol/openid-connect/* pass the proxy without a login',
      },
    ];
  },
});
