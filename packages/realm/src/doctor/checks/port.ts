import { membersOf } from '../../model/members.ts';
import { runnable } from '../check.ts';
import { type Answer, ask, withoutSlash } from '../facts.ts';

/** Seed 004: "Address already in use". */
export const port = runnable<Answer>({
  id: 'port',
  why: 'If another program holds the port, Keycloak does not start and everything that follows looks like a Keycloak that is down.',
  needs: 'what answers at the address',
  async gather(context) {
    const url = `${withoutSlash(context.settings.keycloakUrl)}/realms/${encodeURIComponent(context.settings.realm)}`;
    return ask(context, url);
  },
  judge(answer) {
    if (answer.status === undefined) return [];
    const body = membersOf(answer.body);
    const isKeycloak = body['public_key'] !== undefined || body['error'] !== undefined || answer.status === 503;
    if (isKeycloak) return [{ severity: 'ok', looked: answer.url, found: 'a Keycloak answers' }];
    return [
      {
        severity: 'error',
        looked: answer.url,
        found: `something that is no Keycloak answers (${answer.status})`,
        mend: 'find what holds the port: docker ps -a | grep keycloak; docker compose down --remove-orphans',
      },
    ];
  },
});
