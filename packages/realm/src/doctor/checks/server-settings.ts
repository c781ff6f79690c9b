import { runnable, type Verdict } from '../check.ts';

type Facts = Readonly<Record<string, string>>;

/** Seed 004's table of start-up settings, and what a real Keycloak makes of them. */
export const serverSettings = runnable<Facts>({
  id: 'server-settings',
  why: 'Some settings that guides recommend together keep Keycloak from starting, have no effect, or open more than was meant.',
  needs: 'Keycloak’s environment (--server-env @file)',
  gather: async ({ settings }) => settings.serverEnv,
  judge: (env) => [...hostname(env), ...bootstrap(env), ...features(env), ...relativePath(env)],
});

function hostname(env: Facts): readonly Verdict[] {
  const dynamic = env['KC_HOSTNAME_BACKCHANNEL_DYNAMIC'] === 'true';
  const name = env['KC_HOSTNAME'] ?? '';
  if (dynamic && !/^https?:\/\//.test(name)) {
    const found =
      name === ''
        ? 'true, but there is no KC_HOSTNAME: Keycloak does not start'
        : `true, but KC_HOSTNAME is no full URL (${name}): Keycloak does not start`;
    return [
      {
        severity: 'error',
        looked: 'KC_HOSTNAME_BACKCHANNEL_DYNAMIC',
        found,
        mend: 'set KC_HOSTNAME to a full URL, such as https://id.example.com/auth',
      },
    ];
  }
  if (name === '' && env['KC_HOSTNAME_STRICT'] === 'false') {
    return [
      {
        severity: 'warning',
        looked: 'KC_HOSTNAME',
        found: 'not set: the issuer follows whatever Host header a request brings',
        mend: 'set KC_HOSTNAME to a full URL',
      },
    ];
  }
  return [];
}

function bootstrap(env: Facts): readonly Verdict[] {
  if (env['KEYCLOAK_ADMIN'] === undefined) return [];
  return [
    {
      severity: 'warning',
      looked: 'KEYCLOAK_ADMIN',
      found: 'deprecated',
      mend: 'use KC_BOOTSTRAP_ADMIN_USERNAME and KC_BOOTSTRAP_ADMIN_PASSWORD',
    },
  ];
}

function features(env: Facts): readonly Verdict[] {
  const on = (env['KC_FEATURES'] ?? '').split(',').map((feature) => feature.trim().replace(/:v1$/, ''));
  const v1 = on.filter((feature) => feature === 'token-exchange' || feature === 'admin-fine-grained-authz');
  if (v1.length === 0) return [];
  return [
    {
      severity: 'warning',
      looked: 'KC_FEATURES',
      found: `${v1.join(', ')}: preview features of token exchange V1`,
      mend: 'remove them; Standard Token Exchange (V2) is on by default since 26.2. External exchange and impersonation are out of Keyturn’s scope',
    },
  ];
}

function relativePath(env: Facts): readonly Verdict[] {
  const path = env['KC_HTTP_RELATIVE_PATH'] ?? '/';
  if (path === '/' || env['KC_HTTP_MANAGEMENT_RELATIVE_PATH'] !== undefined) return [];
  return [
    {
      severity: 'note',
      looked: 'KC_HTTP_RELATIVE_PATH',
      found: `${path} moves the management endpoints too`,
      mend: `probe ${path}/health/ready and scrape ${path}/metrics`,
    },
  ];
}
