import { runnable, type Verdict } from '../check.ts';

interface Facts {
  readonly settings: Readonly<Record<string, string>>;
  readonly expected: Readonly<Record<string, string | undefined>>;
}

const names = ['oidcIssuerURL', 'oidcAudience', 'agentSubjects', 'reviewerSubjects'] as const;

/** Seed 001: `helm upgrade --reuse-values`. */
export const gatewaySettings = runnable<Facts>({
  id: 'gateway-settings',
  why: 'helm upgrade --reuse-values takes the old release’s values: settings that came with a newer chart are silently missing, and a gateway without role lists gives every identity every role.',
  needs: 'the deployed settings (--gateway-settings @file)',
  async gather({ settings }) {
    if (settings.gatewaySettings === undefined) return undefined;
    return {
      settings: settings.gatewaySettings,
      expected: { oidcIssuerURL: settings.issuer, oidcAudience: settings.audience },
    };
  },
  judge: ({ settings, expected }) =>
    names.flatMap((name): readonly Verdict[] => {
      const value = settings[name] ?? settings[`gateway.auth.${name}`] ?? '';
      const mend = `helm upgrade … --reset-then-reuse-values --set gateway.auth.${name}=…`;
      if (value === '')
        return [
          {
            severity: name.endsWith('Subjects') ? 'error' : 'warning',
            looked: `gateway.auth.${name}`,
            found: 'missing or empty',
            mend,
          },
        ] as const;
      const wanted = expected[name];
      if (wanted === undefined || wanted === value) return [];
      return [
        { severity: 'error', looked: `gateway.auth.${name}`, found: `${value}, but ${wanted} was given here`, mend },
      ] as const;
    }),
});
