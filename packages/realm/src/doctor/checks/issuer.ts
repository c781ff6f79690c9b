import { membersOf } from '../../model/members.ts';
import { runnable } from '../check.ts';
import { type Answer, discoveryAt, expectedIssuer } from '../facts.ts';

interface Facts {
  readonly discovery: Answer;
  readonly expected: string;
}

/** Seed 001: "OIDC setup failed", and "invalid token" because `iss` is another. */
export const issuer = runnable<Facts>({
  id: 'issuer',
  why: 'Services compare iss with their configured issuer letter by letter, and fetch the keys from where it points.',
  needs: 'the discovery document',
  gather: async (context) => ({
    discovery: await discoveryAt(context, context.settings.keycloakUrl),
    expected: expectedIssuer(context),
  }),
  judge({ discovery, expected }) {
    const looked = discovery.url;
    if (discovery.status === undefined) {
      return [
        {
          severity: 'error',
          looked,
          found: `not reachable: ${discovery.failure}`,
          mend: 'check the address, DNS and that Keycloak runs: kubectl get pods -n keycloak; kubectl logs deployment/keycloak -n keycloak',
        },
      ];
    }
    if (discovery.status === 503)
      return [
        {
          severity: 'error',
          looked,
          found: 'Keycloak is still starting (503 "Bootstrap in progress")',
          mend: 'wait until /health/ready on the management port is 200',
        },
      ];
    if (discovery.status === 404)
      return [
        {
          severity: 'error',
          looked,
          found: '404: no such realm, or Keycloak runs below a relative path',
          mend: 'keyturn realm apply -f <file> makes the realm; with --http-relative-path=/auth the URL ends in /auth',
        },
      ];
    const named = membersOf(discovery.body)['issuer'];
    if (typeof named !== 'string')
      return [
        {
          severity: 'error',
          looked,
          found: `${discovery.status}, and no discovery document`,
          mend: 'something else answers at this address',
        },
      ];
    if (named !== expected)
      return [
        {
          severity: 'error',
          looked,
          found: `the issuer is ${named}, but services expect ${expected}`,
          mend: `configure services with ${named}, or start Keycloak with --hostname so that it names itself ${expected}`,
        },
      ];
    return [{ severity: 'ok', looked, found: named }];
  },
});
