import { runnable } from '../check.ts';
import { type Answer, discoveryAt } from '../facts.ts';

export const clock = runnable<Answer>({
  id: 'clock',
  why: 'With clocks apart tokens are "not yet valid" or already expired on arrival.',
  needs: 'the server’s Date header',
  gather: (context) => discoveryAt(context, context.settings.keycloakUrl),
  judge({ clockAhead, url }) {
    if (clockAhead === undefined || Math.abs(clockAhead) < 10) return [];
    const found = `Keycloak’s clock is ${Math.abs(clockAhead)} s ${clockAhead > 0 ? 'ahead of' : 'behind'} this machine’s`;
    return [{ severity: 'warning', looked: url, found, mend: 'synchronise both clocks (NTP)' }];
  },
});
