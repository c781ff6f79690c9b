import { runnable } from '../check.ts';
import { askText, withoutSlash } from '../facts.ts';

interface Facts {
  readonly url: string;
  /** Undefined: no metrics there. */
  readonly text: string | undefined;
}

/** Seed 003: "Circuit Breaker Opens". */
export const breaker = runnable<Facts>({
  id: 'breaker',
  why: 'While the breaker is open, exchanges are refused without asking Keycloak. It counts server faults only: an open one means that Keycloak was slow, down or unreachable from Keyturn.',
  needs: 'Keyturn’s metrics (--keyturn-management-url)',
  async gather(context) {
    const { keyturnManagementUrl } = context.settings;
    if (keyturnManagementUrl === undefined) return undefined;
    const url = `${withoutSlash(keyturnManagementUrl)}/metrics`;
    return { url, text: await askText(context, url) };
  },
  judge({ url, text }) {
    const state = /^keyturn_circuit_breaker_state(?:\{[^}]*\})? (\d)/m.exec(text ?? '')?.[1];
    if (state === undefined)
      return [
        {
          severity: 'error',
          looked: url,
          found: 'no keyturn_circuit_breaker_state',
          mend: 'this is not Keyturn’s management address',
        },
      ];
    if (state === '0') return [{ severity: 'ok', looked: url, found: 'closed' }];
    return [
      {
        severity: 'error',
        looked: url,
        found: state === '2' ? 'open' : 'half open: the next exchange decides',
        mend: 'wait for the recovery timeout (30 s by default); check that Keyturn reaches the token endpoint, and Keycloak’s health (--management-url)',
      },
    ];
  },
});
