import { isJsonObject, type Json, type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import { keyOf, type ObjectRef, type ObservedObject, showRef } from '../model/objects.ts';
import { differencesOf, mergeChanges, secretNames, unionOf } from '../plan/carry-out.ts';
import { compareFields } from '../plan/fields.ts';
import type { Observed } from '../plan/observed.ts';
import { ownershipAttribute, showOwnership } from '../plan/ownership.ts';
import { type Change, type Plan, type Step, secretReference } from '../plan/plan.ts';
import { isDone, isUntouched } from '../plan/progress.ts';
import { isJsonList } from '../representation.ts';
import { type Admin, pathOf } from './admin.ts';
import { AdminRefused } from './admin-refusal.ts';
import type { ApplyRefusal } from './apply-refusal.ts';
import { type Ids, openIds } from './ids.ts';
import { readFor } from './read-realm.ts';
import { buildCreate, buildDelete, buildUpdate, idFrom, itemOf, type WriteRequest } from './write-object.ts';

export interface ApplyOptions {
  readonly admin: Admin;
  readonly plan: Plan;
  /** The secrets that the plan refers to, by reference, from the realm file as it is now. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Told before each step, and for steps that were done already. */
  readonly onStep?: (step: Step, what: 'doing' | 'was-done') => void;
}

export interface Applied {
  /** Requests that wrote. 0 when everything was as planned already. */
  readonly writes: number;
  readonly stepsDone: number;
  /** Steps that an earlier run had done. */
  readonly stepsFoundDone: number;
  /** What the server shows differently after all: `client web: redirectUris`. Empty when all is as planned. */
  readonly differences: readonly string[];
}

/**
 * Does exactly what a plan says, in its order. Reads first: steps that are done already are passed over, so that a run
 * that was killed is finished by the next; an object that is neither as it was nor as it shall be stops the run before
 * anything is written. Ownership is recorded before the objects are made, so that nothing made by a killed run is
 * nobody's. Reads again at the end and says what differs.
 */
export async function applyPlan(options: ApplyOptions): Promise<Result<Applied, ApplyRefusal>> {
  const run = new Run(options);
  try {
    return await run.all();
  } catch (error) {
    if (!(error instanceof AdminRefused)) throw error;
    const { refusal } = error;
    if (run.current === undefined) return refuse({ why: 'unread', refusal });
    const left = options.plan.steps.length - run.stepsDone - run.stepsFoundDone;
    return refuse({ why: 'stopped', at: run.current, stepsDone: run.stepsDone, stepsLeft: left, refusal });
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof AdminRefused && error.refusal.why === 'conflict';
}

class Run {
  stepsDone = 0;
  stepsFoundDone = 0;
  /** What is being written, for the report. */
  current: string | undefined;
  #writes = 0;
  readonly #options: ApplyOptions;
  #live: Observed = { exists: false, objects: new Map(), ownership: new Map() };
  #ids: Ids;

  constructor(options: ApplyOptions) {
    this.#options = options;
    this.#ids = openIds(options.admin, options.plan.realm, this.#live);
  }

  async all(): Promise<Result<Applied, ApplyRefusal>> {
    const { plan, secrets } = this.#options;
    const missing = secretNames(plan).filter((name) => !secrets.has(name));
    if (missing.length > 0) return refuse({ why: 'missing-secrets', names: missing });
    await this.#read();
    const during = unionOf(plan);
    const owned = showOwnership(this.#live.ownership);
    if (![plan.ownership.before, plan.ownership.after, during].includes(owned))
      return refuse({ why: 'foreign-ownership' });
    const stale = plan.steps.filter((step) => !this.#isPossible(step));
    if (stale.length > 0) return refuse({ why: 'stale', objects: stale.map(showRef) });

    if (this.#live.exists) await this.#own(during);
    for (const step of plan.steps) await this.#step(step, during);
    await this.#own(plan.ownership.after);
    const differences = await this.#verify();
    const { stepsDone, stepsFoundDone } = this;
    return ok({ writes: this.#writes, stepsDone, stepsFoundDone, differences });
  }

  async #read(): Promise<void> {
    this.#live = await readFor(this.#options.admin, this.#options.plan.realm, this.#options.plan.steps);
    this.#ids = openIds(this.#options.admin, this.#options.plan.realm, this.#live);
  }

  #liveOf(ref: ObjectRef): ObservedObject | undefined {
    return this.#live.objects.get(keyOf(ref));
  }

  /** Whether a step is done, or finds what it expects. Keycloak's own objects and scope ties appear with their owners. */
  #isPossible(step: Step): boolean {
    const live = this.#liveOf(step);
    if (isDone(step, live) || isUntouched(step, live)) return true;
    return (
      step.action === 'create' &&
      (live?.builtIn === true || step.type === 'client-scope-assignment' || step.type === 'realm-scope')
    );
  }

  async #step(step: Step, during: string): Promise<void> {
    const live = this.#liveOf(step);
    if (isDone(step, live)) {
      this.stepsFoundDone += 1;
      if (step.action !== 'adopt') this.#options.onStep?.(step, 'was-done');
      return;
    }
    this.current = showRef(step);
    this.#options.onStep?.(step, 'doing');
    if (step.type === 'realm' && step.action === 'create') {
      const fields = this.#withSecrets(step.fields);
      const attributes = {
        ...(isJsonObject(fields['attributes']) ? fields['attributes'] : {}),
        [ownershipAttribute]: during,
      };
      await this.#create(step, { enabled: true, ...fields, attributes });
      // From here on there are Keycloak's own clients, scopes and roles, with ids.
      await this.#read();
    } else if (step.action === 'create' && live === undefined) await this.#create(step, this.#withSecrets(step.fields));
    else if (step.action === 'create' && live !== undefined) {
      const changes = compareFields(step.fields, live.fields).map(({ path, before, after }) => ({
        path,
        before: before ?? null,
        after,
      }));
      await this.#update(
        step,
        changes.filter(({ after }) => secretReference(after) === undefined),
      );
    } else if (step.action === 'update') await this.#update(step, step.changes);
    else if (step.action === 'delete')
      await this.#write(step, await buildDelete(this.#options.admin, this.#realm, this.#ids, step));
    this.stepsDone += 1;
  }

  get #realm(): string {
    return this.#options.plan.realm;
  }

  async #create(step: Step, fields: JsonObject): Promise<void> {
    for (const request of await buildCreate(this.#options.admin, this.#realm, this.#ids, step, fields)) {
      const id = await this.#write(step, request);
      if (id !== undefined && request.method === 'POST') this.#ids.learn(step, id);
    }
  }

  async #update(step: Step, changes: readonly Change[]): Promise<void> {
    const { admin } = this.#options;
    const isEntity = !['client-scope-assignment', 'realm-scope', 'client-profile', 'client-policy'].includes(step.type);
    // Read again just before: what replaces whole maps must hold what is there now, not what was there at the start.
    const now = isEntity
      ? await admin.get(await itemOf(this.#realm, this.#ids, step))
      : (this.#liveOf(step)?.fields ?? {});
    const members = mergeChanges(step.type, now, changes, (value) => this.#secret(value));
    for (const request of await buildUpdate(admin, this.#realm, this.#ids, step, now, members))
      await this.#write(step, request);
  }

  async #write(step: Step, request: WriteRequest): Promise<string | undefined> {
    const { admin } = this.#options;
    const liveNow = async () => (await readFor(admin, this.#realm, [step])).objects.get(keyOf(step));
    try {
      const answer = await admin.write({ ...request, landed: async () => isDone(step, await liveNow()) });
      this.#writes += 1;
      return idFrom(step, answer);
    } catch (error) {
      // The request of a run that was killed may land only now. What it made is what this run would have made.
      const live = isConflict(error) && step.action === 'create' ? await liveNow() : undefined;
      if (live === undefined || !isDone(step, live)) throw error;
      return live.uid;
    }
  }

  async #own(text: string): Promise<void> {
    const { admin, plan } = this.#options;
    const path = pathOf(plan.realm);
    const attributesNow = async () => {
      const { attributes } = await admin.get(path);
      return isJsonObject(attributes) ? attributes : {};
    };
    const attributes = await attributesNow();
    if ((attributes[ownershipAttribute] ?? showOwnership(new Map())) === text) return;
    this.current ??= 'the record of what Keyturn owns';
    const body = { attributes: { ...attributes, [ownershipAttribute]: text } };
    await admin.write({
      method: 'PUT',
      path,
      body,
      landed: async () => (await attributesNow())[ownershipAttribute] === text,
    });
    this.#writes += 1;
  }

  async #verify(): Promise<readonly string[]> {
    if (this.#writes === 0) return [];
    const { plan, admin } = this.#options;
    const { objects } = await readFor(admin, plan.realm, plan.steps);
    return plan.steps.flatMap((step) => differencesOf(step, objects.get(keyOf(step))));
  }

  #withSecrets(fields: JsonObject): JsonObject {
    return Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, value === undefined ? value : this.#secret(value)]),
    );
  }

  #secret(value: Json): Json {
    const name = secretReference(value);
    if (name !== undefined) return this.#options.secrets.get(name) ?? '';
    if (isJsonList(value)) return value.map((item) => this.#secret(item));
    return isJsonObject(value) ? this.#withSecrets(value) : value;
  }
}
