import { type CompiledPolicy, type SafetyEngine, safetyPolicySchema } from '@keyturn/policy';

/** Rules of each kind in each of ten policies: a hundred in all, as an organisation writes them that has been at it for a while. */
const states = [
  'request.spec.action == "delete-NUMBER" && request.spec.reason.size() < 10',
  'target != null && target.uri.startsWith("k8s://prod-NUMBER/") && !("sre" in principal.roles)',
  'has(args.replicas) && args.replicas > NUMBER * 1000 + 100',
  'request.spec.agentIdentity.matches("^rogue-NUMBER-[0-9]+$")',
  'principal.scopes.exists(scope, scope == "forbidden-NUMBER") || request.spec.classification == "secret-NUMBER"',
];
const zones = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata'];

/** Of every ten: five states, three time windows, two limits, one of which this call is counted in. */
function rulesOf(number: number): readonly object[] {
  return [
    ...states.map((expression, i) => ({
      name: `state-${i}`,
      type: 'StateEvaluation',
      action: i === 2 ? 'RequireApproval' : 'Deny',
      expression: expression.replaceAll('NUMBER', String(number)),
    })),
    ...zones.map((timeZone, i) => ({
      name: `window-${i}`,
      type: 'TimeWindow',
      action: i === 0 ? 'Deny' : 'Log',
      config: {
        timeZone,
        windows: [{ days: ['Sat', 'Sun'] }, { from: '22:00', to: '05:00' }],
        except: ['12-25', '2026-12-31/2027-01-02'],
      },
    })),
    {
      name: 'limit-of-others',
      type: 'RateLimit',
      action: 'Deny',
      expression: `request.spec.action == "other-${number}"`,
      config: { limit: 5, window: '1m', per: ['agent', 'target'] },
    },
    {
      name: 'limit',
      type: 'RateLimit',
      action: 'Deny',
      expression: number === 0 ? 'true' : `"limited-${number}" in principal.roles`,
      config: { limit: 100_000, window: '1h', per: ['agent'] },
    },
  ];
}

export function compileHundred(engine: SafetyEngine): readonly CompiledPolicy[] {
  return Array.from({ length: 10 }, (_, number) => {
    const rules = [...rulesOf(number)];
    if (number === 0) rules.push({ name: 'allowed', type: 'StateEvaluation', action: 'Allow', expression: 'true' });
    const policy = safetyPolicySchema.parse({
      apiVersion: 'keyturn.dev/v1alpha1',
      kind: 'SafetyPolicy',
      metadata: { name: `policy-${number}` },
      spec: { rules },
    });
    const compiled = engine.compile(policy, 1);
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.refusal));
    return compiled.value;
  });
}
