import { membersOf } from '../../model/members.ts';
import { runnable } from '../check.ts';
import { type Answer, ask, withoutSlash } from '../facts.ts';

interface Facts {
  readonly plain: Answer;
  /** The same below Keycloak's relative path, if it has one. */
  readonly moved: Answer | undefined;
}

/** Seeds 003 and 004: the health check. */
export const health = runnable<Facts>({
  id: 'health',
  why: 'Probes that ask the wrong address restart a healthy Keycloak, or never see it ready. --http-relative-path moves the management endpoints too, and health is never on the main port.',
  needs: 'the management interface (--management-url)',
  async gather(context) {
    const { managementUrl, keycloakUrl } = context.settings;
    if (managementUrl === undefined) return undefined;
    const path = withoutSlash(new URL(keycloakUrl).pathname);
    const plain = await ask(context, `${withoutSlash(managementUrl)}/health/ready`);
    const moved =
      path === ''
        ? undefined
        : await ask(context, `${withoutSlash(new URL(managementUrl).origin)}${path}/health/ready`);
    return { plain, moved };
  },
  judge({ plain, moved }) {
    if (isUp(plain)) return [{ severity: 'ok', looked: plain.url, found: 'UP' }];
    if (moved !== undefined && isUp(moved)) {
      return [
        {
          severity: 'error',
          looked: plain.url,
          found: `${plain.status ?? plain.failure}; the health check is at ${moved.url}`,
          mend: `point probes to ${moved.url}`,
        },
      ];
    }
    const found = plain.status === undefined ? `not reachable: ${plain.failure}` : `${plain.status}`;
    const mend =
      plain.status === 503
        ? 'Keycloak is starting, or its database is gone: see its log'
        : 'start Keycloak with --health-enabled=true; the port is 9000 (--http-management-port)';
    return [{ severity: 'error', looked: plain.url, found, mend }];
  },
});

function isUp({ status, body }: Answer): boolean {
  return status === 200 && membersOf(body)['status'] === 'UP';
}
