import type { GuardedFetch } from '@keyturn/net';
import type { Admin } from '../live/admin.ts';
import { AdminRefused, explainAdminRefusal } from '../live/admin-refusal.ts';
import type { RealmRepresentation } from '../representation.ts';

/** What the doctor is told. The more it is told, the more checks have something to look at. */
export interface DoctorSettings {
  /** Where Keycloak is reached from here, with its relative path. */
  readonly keycloakUrl: string;
  readonly realm: string;
  /** The issuer that services are configured with. Default: the realm's URL below `keycloakUrl`. */
  readonly issuer?: string | undefined;
  /** Where services reach Keycloak, if elsewhere: `http://keycloak.keycloak.svc:8080`. */
  readonly insideUrl?: string | undefined;
  /** The key address that services are configured with, if not by discovery. */
  readonly jwksUrl?: string | undefined;
  /** The management interface: `http://localhost:9000`. */
  readonly managementUrl?: string | undefined;
  /** Keyturn itself, and its management interface. */
  readonly keyturnUrl?: string | undefined;
  readonly keyturnManagementUrl?: string | undefined;
  /** A pasted access token. Never echoed. */
  readonly token?: string | undefined;
  /** What services expect in `aud`. */
  readonly audience?: string | undefined;
  /** Default azp, as in seed 001. */
  readonly identityClaim?: string | undefined;
  /** Identities that a gateway allows. */
  readonly subjects?: readonly string[] | undefined;
  /** A client and the secret that a service has for it. */
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  /** The realm file that should be in force. */
  readonly realmFile?: RealmRepresentation | undefined;
  /** Keycloak's own settings as environment variables (`KC_…`). */
  readonly serverEnv?: Readonly<Record<string, string>> | undefined;
  /** The settings that the deployed gateway really has, after `helm upgrade --reuse-values`. */
  readonly gatewaySettings?: Readonly<Record<string, string>> | undefined;
}

export interface DoctorContext {
  readonly settings: DoctorSettings;
  readonly fetch: GuardedFetch;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Left out: checks that need the admin API are skipped. */
  readonly admin?: Admin | undefined;
  /** Gathers something once for all checks that look at it. */
  readonly once: <Value>(key: string, gather: () => Promise<Value>) => Promise<Value>;
}

export type Severity = 'ok' | 'note' | 'warning' | 'error' | 'skipped';

/** What one look has shown. */
export interface Verdict {
  readonly severity: Severity;
  /** What was looked at: `client web, attribute standard.token.exchange.enabled`. */
  readonly looked: string;
  readonly found: string;
  /** The command or setting that mends it. */
  readonly mend?: string;
}

export interface Finding extends Verdict {
  readonly check: string;
  readonly why: string;
}

/** A judgement over facts, and how to gather them. `gather` gives undefined when there is nothing to look at. */
export interface Check<Facts> {
  readonly id: string;
  /** Why it matters: one sentence, with the guide or the fact behind it. */
  readonly why: string;
  /** What must be given for it to run, for the line of a skipped check. */
  readonly needs: string;
  gather(context: DoctorContext): Promise<Facts | undefined>;
  /** Pure. No verdicts: nothing was found that could be wrong. */
  judge(facts: Facts): readonly Verdict[];
}

/** A check with the type of its facts forgotten. */
export interface RunnableCheck {
  readonly id: string;
  readonly why: string;
  run(context: DoctorContext): Promise<readonly Finding[]>;
}

export function runnable<Facts>(check: Check<Facts>): RunnableCheck {
  const { id, why, needs } = check;
  const findings = (verdicts: readonly Verdict[]) => verdicts.map((verdict) => ({ check: id, why, ...verdict }));
  return {
    id,
    why,
    async run(context) {
      try {
        const facts = await check.gather(context);
        if (facts === undefined) return findings([{ severity: 'skipped', looked: needs, found: 'not given' }]);
        const verdicts = check.judge(facts);
        return findings(verdicts.length > 0 ? verdicts : [{ severity: 'ok', looked: needs, found: 'nothing wrong' }]);
      } catch (error) {
        if (!(error instanceof AdminRefused)) throw error;
        // A check that cannot look is no proof of health.
        return findings([{ severity: 'error', looked: needs, found: explainAdminRefusal(error.refusal) }]);
      }
    },
  };
}

/** 0: nothing wrong. 1: warnings. 2: errors. */
export function exitCodeOf(findings: readonly Finding[]): 0 | 1 | 2 {
  if (findings.some(({ severity }) => severity === 'error')) return 2;
  return findings.some(({ severity }) => severity === 'warning') ? 1 : 0;
}
