import { createSafetyEngine, type ToolInput } from '@keyturn/policy';
import { type Clock, ok, type Result, refuse } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { IdpFault } from '../../config/idp.ts';
import type { PolicySettings } from '../../config/policies.ts';
import type { Frame } from '../../http/frame.ts';
import type { Log } from '../../outside/log.ts';
import { mountAgents } from './agent-routes.ts';
import { createDecisionPoint, type DecisionPoint, type Defaults } from './decision-point.ts';
import { applyPolicies, readPolicyFiles } from './from-files.ts';
import { keepPolicies, type PolicyKeeper } from './keeper.ts';
import { openKillList } from './killed.ts';
import { openPolicyRepository } from './repository.ts';
import { mountPolicies } from './routes.ts';
import { openTakes } from './takes.ts';
import type { PastRequests } from './try-out.ts';
import { mountTryOut } from './try-out-routes.ts';

export interface Policies {
  readonly point: DecisionPoint;
  readonly onKilled: PolicyKeeper['onKilled'];
  readonly mount: (frame: Frame, ports: PolicyPorts) => void;
}

/** What this feature needs of others. */
export interface PolicyPorts {
  readonly adminRole: string;
  readonly past: PastRequests;
  readonly toolById: (id: string) => ToolInput | undefined;
}

export interface PolicyParts {
  readonly settings: PolicySettings | undefined;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

/** Builds the decision point. Refused where a file of `policies.path` is at fault: half the policies would be none. */
export async function openPolicies({
  settings,
  store,
  clock,
  log,
}: PolicyParts): Promise<Result<Policies, readonly IdpFault[]>> {
  const engine = createSafetyEngine();
  const repository = openPolicyRepository(store, clock);
  const kills = openKillList(store, clock);
  const takes = openTakes(store);
  if (settings?.path !== undefined) {
    const read = await readPolicyFiles(settings.path, engine);
    if (!read.ok) {
      return refuse(
        read.refusal.map(({ path, message }) => ({ path: 'policies.path', message: `${path}: ${message}` })),
      );
    }
    await applyPolicies(repository, read.value);
  }
  const keeper = await keepPolicies({ store, repository, kills, engine, clock, log });
  const defaults: Defaults = { tools: settings?.default ?? 'allow', requests: settings?.default ?? 'deny' };
  if (settings === undefined) {
    log.warn({}, 'no section policies: where no safety policy speaks, tool calls are judged by roles alone');
  }
  return ok({
    point: createDecisionPoint({ engine, keeper, takes, clock, defaults }),
    onKilled: keeper.onKilled,
    mount(frame, { adminRole, past, toolById }) {
      mountTryOut(frame, { engine, keeper, takes, clock, defaults, past, toolById, adminRole });
      mountPolicies(frame, { repository, keeper, engine, adminRole });
      mountAgents(frame, { kills, keeper, adminRole });
    },
  });
}
