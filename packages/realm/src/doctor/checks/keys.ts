import { membersOf, objectsOf, textOf } from '../../model/members.ts';
import { runnable } from '../check.ts';
import { type Answer, ask, discoveryAt } from '../facts.ts';

/** Seeds 001 and 003: the key address, in-cluster or through the front door. */
export const keys = runnable<Answer>({
  id: 'keys',
  why: 'Without the keys no token can be verified; from a pod the public address is often not reachable (hairpin, NetworkPolicy).',
  needs: 'the key address',
  async gather(context) {
    const { jwksUrl, insideUrl, keycloakUrl } = context.settings;
    const discovered = membersOf((await discoveryAt(context, insideUrl ?? keycloakUrl)).body)['jwks_uri'];
    const url = jwksUrl ?? textOf(discovered);
    return url === '' ? undefined : ask(context, url);
  },
  judge(answer) {
    const looked = answer.url;
    if (answer.status === undefined)
      return [
        {
          severity: 'error',
          looked,
          found: `not reachable: ${answer.failure}`,
          mend: 'set the key address (jwksUrl, JWKS_URI) to one that services can reach, such as the in-cluster service, and allow it in the NetworkPolicy',
        },
      ];
    const all = objectsOf(membersOf(answer.body)['keys']);
    const signing = all.filter((key) => textOf(key['use']) !== 'enc' && textOf(key['kty']) !== 'oct');
    if (signing.length === 0)
      return [
        {
          severity: 'error',
          looked,
          found: `${answer.status}, and no key that signs`,
          mend: 'this is no JWKS of a Keycloak realm; compare it with jwks_uri in discovery',
        },
      ];
    return [
      {
        severity: 'ok',
        looked,
        found: `${signing.length} key(s) that sign: ${signing.map((key) => textOf(key['alg'])).join(', ')}`,
      },
    ];
  },
});
