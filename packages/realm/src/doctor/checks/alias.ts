import { membersOf, textOf } from '../../model/members.ts';
import { runnable } from '../check.ts';
import { type Answer, discoveryAt } from '../facts.ts';

interface Facts {
  readonly outside: Answer;
  readonly inside: Answer;
}

/** Seeds 001, 002 and 004: one Keycloak under two host names. */
export const alias = runnable<Facts>({
  id: 'alias',
  why: 'Without --hostname the issuer follows the Host header: a token fetched by one name is refused under the other.',
  needs: 'discovery from inside and from outside (--inside-url)',
  async gather(context) {
    const { insideUrl, keycloakUrl } = context.settings;
    if (insideUrl === undefined) return undefined;
    return { outside: await discoveryAt(context, keycloakUrl), inside: await discoveryAt(context, insideUrl) };
  },
  judge({ outside, inside }) {
    const looked = `${inside.url} and ${outside.url}`;
    if (inside.status === undefined)
      return [
        {
          severity: 'error',
          looked: inside.url,
          found: `not reachable: ${inside.failure}`,
          mend: 'check the service name and that a NetworkPolicy lets this pod reach Keycloak',
        },
      ];
    const there = textOf(membersOf(inside.body)['issuer']);
    const here = textOf(membersOf(outside.body)['issuer']);
    if (there !== here) {
      return [
        {
          severity: 'error',
          looked,
          found: `the issuer is ${there || 'missing'} inside and ${here || 'missing'} outside`,
          mend: 'start Keycloak with --hostname=<full public URL> --hostname-backchannel-dynamic=true, or fetch all tokens by one name',
        },
      ];
    }
    return [{ severity: 'ok', looked, found: `one issuer, ${here}` }];
  },
});
