import { runnable, type Verdict } from '../check.ts';

interface Facts {
  readonly settings: Readonly<Record<string, string>>;
  readonly expected: Readonly<Record<string, string | undefined>>;
}

/** Seeds 001 and 002: what `helm upgrade --reuse-values` leaves of a service's settings. */
export const gatewaySettings = runnable<Facts>({
  id: 'gateway-settings',
  why: 'helm upgrade --reuse-values takes the old release’s values: settings that came with a newer chart are silently missing. A gateway without role lists gives every identity every role; a validator without a key address of its own fetches the keys through the front door.',
  needs: 'the deployed settings (--gateway-settings FILE)',
  async gather({ settings }) {
    if (settings.gatewaySettings === undefined) return undefined;
    const { issuer, audience, jwksUrl } = settings;
    const expected = {
      oidcIssuerURL: issuer,
      oidcAudience: audience,
      KEYCLOAK_ISSUER: issuer,
      KEYCLOAK_JWKS_URL: jwksUrl,
    };
    return { settings: settings.gatewaySettings, expected };
  },
  judge: (facts) => {
    const isValidator = Object.keys(facts.settings).some((name) => name.startsWith('KEYCLOAK_'));
    return [...(isValidator ? judgeValidator(facts) : judgeGateway(facts)), ...switchedOff(facts)];
  },
});

/** Seed 001's chart. */
function judgeGateway({ settings, expected }: Facts): readonly Verdict[] {
  return ['oidcIssuerURL', 'oidcAudience', 'agentSubjects', 'reviewerSubjects'].flatMap((name): readonly Verdict[] => {
    const value = settings[name] ?? settings[`gateway.auth.${name}`] ?? '';
    const looked = `gateway.auth.${name}`;
    const mend = `helm upgrade … --reset-then-reuse-values --set ${looked}=…`;
    if (value === '')
      return [{ severity: name.endsWith('Subjects') ? 'error' : 'warning', looked, found: 'missing or empty', mend }];
    return compare(looked, value, expected[name], mend);
  });
}

/** Seed 002's services: the issuer to compare with, and the address of the keys, are two settings. */
function judgeValidator({ settings, expected }: Facts): readonly Verdict[] {
  return ['KEYCLOAK_ISSUER', 'KEYCLOAK_JWKS_URL'].flatMap((name): readonly Verdict[] => {
    const value = settings[name] ?? '';
    const mend = `helm upgrade -f values-<env>.yaml, without --reuse-values, and set ${name}`;
    if (value === '') return [{ severity: 'warning', looked: name, found: 'missing or empty', mend }];
    return compare(name, value, expected[name], mend);
  });
}

function compare(looked: string, value: string, wanted: string | undefined, mend: string): readonly Verdict[] {
  if (wanted === undefined || wanted === value) return [];
  return [{ severity: 'error', looked, found: `${value}, but ${wanted} was given here`, mend }];
}

function switchedOff({ settings }: Facts): readonly Verdict[] {
  return ['verifyJwt', 'VERIFY_JWT', 'VERIFY_AUDIENCE']
    .filter((name) => settings[name]?.toLowerCase() === 'false')
    .map((name) => ({
      severity: 'error',
      looked: name,
      found: 'false: tokens are not verified',
      mend: `remove ${name}`,
    }));
}
