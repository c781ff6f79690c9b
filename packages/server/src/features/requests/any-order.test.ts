// The commands are run by the test at the end, so that what they expect is expected there.
/* oxlint-disable vitest/no-standalone-expect */
import { epochMilliseconds, type JsonObject } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import { testDatabases } from '@keyturn/store/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Caller } from '../../http/caller.ts';
import {
  agent,
  alice,
  askOne,
  bob,
  carol,
  type Desk,
  migrate,
  needs,
  openDesk,
  reviewer,
  startOfDesk,
} from './open-desk.ts';

/** What has to be true of the real thing, told in the simplest way: who approved what, and what ran. */
interface Model {
  now: number;
  required: number;
  version: number;
  /** Of each call, by arguments: who approved it since it was asked for, under which policies, until when. */
  readonly asked: Map<string, { name: string; approvers: Set<string>; version: number; until: number }>;
}

interface Real {
  /** Two replicas of one database. */
  readonly desks: readonly [Desk, Desk];
  /** Every execution that was let through: the approvals that it stood on, as the database has them. */
  readonly executed: string[];
}

type Command = fc.AsyncCommand<Model, Real>;
const agents: readonly Caller[] = [agent, alice];
const reviewers: readonly Caller[] = [reviewer, bob, carol, agent, alice];
const argsOf = (n: number): JsonObject => ({ order: n });
const keyOf = (who: number, n: number): string => `${who} ${n}`;

/** Makes the call: it goes through only where enough different others approved exactly it, and then never again. */
class Call implements Command {
  readonly who: number;
  readonly args: number;
  readonly desk: number;
  readonly settles: 'completed' | 'failed' | 'unknown' | 'not-reached' | 'never';

  constructor(who: number, args: number, desk: number, settles: Call['settles']) {
    this.who = who;
    this.args = args;
    this.desk = desk;
    this.settles = settles;
  }
  check = (): boolean => true;
  toString = (): string => `call ${this.who} ${this.args} on ${this.desk}, ${this.settles}`;
  async run(model: Model, { desks, executed }: Real): Promise<void> {
    const desk = desks[this.desk];
    const caller = agents[this.who];
    if (desk === undefined || caller === undefined) return;
    const key = keyOf(this.who, this.args);
    // Three at once, two of them on the other replica.
    const other = desks[1 - this.desk] ?? desk;
    const answers = await Promise.all([desk, other, other].map((each) => each.call(caller, argsOf(this.args))));
    const through = answers.filter(({ ok }) => ok);
    expect(through.length, 'of several at once one goes through').toBeLessThanOrEqual(1);
    const known = model.asked.get(key);
    for (const answer of through) {
      const name = answer.ok ? answer.value.request : '';
      expect(known?.name, 'it spends the approval of this very call').toBe(name);
      expect(known?.approvers.size, 'enough people').toBeGreaterThanOrEqual(model.required);
      expect(known?.version, 'of these policies').toBe(model.version);
      expect(model.now, 'in time').toBeLessThan(known?.until ?? 0);
      expect(executed, 'never twice').not.toContain(name);
      if (this.settles !== 'not-reached') {
        executed.push(name);
        model.asked.delete(key);
      }
      if (this.settles !== 'never') await desk.gate.settle({ request: name }, this.settles, undefined);
    }
    for (const answer of answers) {
      if (answer.ok || answer.refusal.why !== 'second-key-needed') continue;
      const { name, expiresAt } = answer.refusal.request;
      if (model.asked.get(key)?.name === name) continue;
      model.asked.set(key, { name, approvers: new Set(), version: model.version, until: expiresAt });
    }
  }
}

class Decide implements Command {
  readonly reviewer: number;
  readonly who: number;
  readonly args: number;
  readonly desk: number;
  readonly says: 'approve' | 'deny' | 'cancel' | 'revoke' | 'kill';

  constructor(by: number, who: number, args: number, desk: number, says: Decide['says']) {
    this.reviewer = by;
    this.who = who;
    this.args = args;
    this.desk = desk;
    this.says = says;
  }
  check = (model: Readonly<Model>): boolean => model.asked.has(keyOf(this.who, this.args));
  toString = (): string => `${this.says} ${this.who} ${this.args} by ${this.reviewer} on ${this.desk}`;
  async run(model: Model, { desks }: Real): Promise<void> {
    const key = keyOf(this.who, this.args);
    const known = model.asked.get(key);
    const [desk, by, requester] = [desks[this.desk], reviewers[this.reviewer], agents[this.who]];
    if (known === undefined || desk === undefined || by === undefined || requester === undefined) return;
    const self = by.principal.subject ?? '';
    switch (this.says) {
      case 'approve': {
        const done = await desk.book.approve(by, known.name, {});
        if (!done.ok) return;
        expect(self, 'nobody approves their own').not.toBe(requester.principal.subject);
        expect(known.approvers, 'nobody approves twice').not.toContain(self);
        known.approvers.add(self);
        return;
      }
      case 'deny':
        if ((await desk.book.deny(by, known.name, 'no')).ok) model.asked.delete(key);
        return;
      case 'cancel':
        if ((await desk.book.cancel(requester, known.name, 'no')).ok) model.asked.delete(key);
        return;
      case 'revoke':
        await desk.keeper.voidAll({ kind: 'sub', value: requester.principal.subject ?? '' }, 'TokenRevoked', 'x');
        forgetAllOf(model, this.who);
        return;
      case 'kill': {
        // As `voidOfKilled` has it: by whichever of its names an agent was stopped. Their calls are asked for anew.
        const { client, subject = '' } = requester.principal;
        const names = [
          { kind: 'agent', value: this.who === 0 ? (client ?? '') : subject },
          { kind: 'sub', value: subject },
        ] as const;
        await Promise.all(names.map((each) => desk.keeper.voidAll(each, 'AgentStopped', 'stopped')));
        forgetAllOf(model, this.who);
      }
    }
  }
}

function forgetAllOf({ asked }: Model, who: number): void {
  for (const key of asked.keys()) if (key.startsWith(`${who} `)) asked.delete(key);
}

class Wait implements Command {
  readonly seconds: number;

  constructor(seconds: number) {
    this.seconds = seconds;
  }
  check = (): boolean => true;
  toString = (): string => `wait ${this.seconds}`;
  async run(model: Model, { desks }: Real): Promise<void> {
    model.now += this.seconds * 1000;
    await desks[0].keeper.sweep();
  }
}

class ChangePolicies implements Command {
  readonly required: number;

  constructor(required: number) {
    this.required = required;
  }
  check = (): boolean => true;
  toString = (): string => `policies ask for ${this.required}`;
  async run(model: Model, { desks }: Real): Promise<void> {
    model.version += 1;
    model.required = this.required;
    desks[0].policy.decision = needs({ ...askOne, count: this.required }, `guard@${model.version}`);
  }
}

const calls = fc
  .tuple(fc.nat(1), fc.nat(1), fc.nat(1), fc.constantFrom('completed', 'failed', 'unknown', 'not-reached', 'never'))
  .map(([who, args, desk, settles]) => new Call(who, args, desk, settles));
const decisions = (...verbs: readonly Decide['says'][]) =>
  fc
    .tuple(fc.nat(4), fc.nat(1), fc.nat(1), fc.nat(1), fc.constantFrom(...verbs))
    .map(([by, who, args, desk, says]) => new Decide(by, who, args, desk, says));
const approvals = decisions('approve');
// Each is as likely as it stands here often: mostly people approve and agents call, now and then something gets in between.
const commands = fc.commands(
  [
    ...[calls, calls, calls, calls, approvals, approvals, approvals, approvals],
    decisions('deny', 'cancel', 'revoke', 'kill'),
    fc.constantFrom(5, 5, 5, 30, 61, 601).map((seconds) => new Wait(seconds)),
    fc.constantFrom(1, 1, 2).map((required) => new ChangePolicies(required)),
  ],
  { maxCommands: 40, size: 'max' },
);

describe.each(testDatabases().filter(({ shared }) => shared))(
  'requests, approvals, denials, expiries, revocations, stopped agents and executions by several clients on two replicas over $name',
  (kind) => {
    it.skipIf(kind.skip !== undefined)(
      'come in no order in which a call runs twice, or without the approvals that it needs',
      async () => {
        const database = await kind.create();
        const stores: readonly [Store, Store] = [await database.open(), await database.open()];
        await migrate(stores[0]);
        let executions = 0;
        try {
          await fc.assert(
            fc.asyncProperty(commands, async (list) => {
              const model: Model = { now: startOfDesk, required: 1, version: 1, asked: new Map() };
              const clock = () => epochMilliseconds(model.now);
              const first = openDesk(stores[0], { clock });
              const second = openDesk(stores[1], { clock, policy: first.policy, members: first.members });
              await stores[0].db
                .withTables<{ requests_request: { name: string } }>()
                .deleteFrom('requests_request')
                .execute();
              const real: Real = { desks: [first, second], executed: [] };
              await fc.asyncModelRun(() => ({ model, real }), list);
              executions += real.executed.length;
            }),
            { numRuns: 40 },
          );
        } finally {
          await database.drop();
        }
        expect(executions, 'some went through, or nothing was tried').toBeGreaterThan(0);
      },
      60_000,
    );
  },
);
