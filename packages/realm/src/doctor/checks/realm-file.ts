import { planRealm } from '../../live/plan-realm.ts';
import { spreadRealm } from '../../model/desired.ts';
import { countSteps } from '../../plan/plan.ts';
import { runnable } from '../check.ts';

interface Facts {
  readonly realm: string;
  readonly add: number;
  readonly change: number;
  readonly faults: readonly string[];
}

/** Seed 004: "Realm won't import on restart". */
export const realmFile = runnable<Facts>({
  id: 'realm-file',
  why: '--import-realm skips a realm that exists: a changed file is silently not applied, and "docker compose down -v" would throw away everything that people made.',
  needs: 'the realm file (--file) and an admin login',
  async gather({ admin, settings }) {
    if (admin === undefined || settings.realmFile === undefined) return undefined;
    const planned = await planRealm(admin, spreadRealm(settings.realmFile));
    const { realm } = settings.realmFile;
    if (planned.ok) return { realm, ...countSteps(planned.value.plan), faults: [] };
    return {
      realm,
      add: 0,
      change: 0,
      faults: planned.refusal.why === 'faults' ? planned.refusal.faults : ['the realm cannot be read'],
    };
  },
  judge({ realm, add, change, faults }) {
    const looked = `realm ${realm} against its file`;
    if (faults.length > 0) return [{ severity: 'error', looked, found: faults.join('; ') }];
    if (add + change === 0) return [{ severity: 'ok', looked, found: 'as declared' }];
    return [
      {
        severity: 'warning',
        looked,
        found: `${add} objects are missing and ${change} differ: the import was skipped, or somebody changed them`,
        mend: 'keyturn realm plan -f <file>, then keyturn realm apply -f <file>',
      },
    ];
  },
});
