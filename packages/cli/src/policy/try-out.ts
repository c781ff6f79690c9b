import { isJsonObject, type JsonObject } from '@keyturn/protocol';
import type { Io } from '../io.ts';
import { ask, objectsIn, type ServerFlags, textOf } from '../ask.ts';
import { formatTable } from '../table.ts';
import { readWhole } from '../tools/read-arguments.ts';
import { readPolicies } from './read-files.ts';

export interface SimulateFlags extends ServerFlags {
  readonly file: readonly string[];
  readonly alone?: boolean;
  readonly tool?: string;
  readonly args?: string;
  readonly action?: string;
  readonly target?: string;
  readonly agent?: string;
  readonly role: readonly string[];
  readonly now?: string;
}

export interface ReplayFlags extends ServerFlags {
  readonly from?: string;
  readonly to?: string;
  readonly limit: string;
}

/** `keyturn policy simulate`. */
export async function runSimulate(io: Io, flags: SimulateFlags): Promise<void> {
  const policies = flags.file.length === 0 ? [] : await readPolicies(io, flags.file);
  const { body } = await ask(io, flags, 'POST', '/policies/simulate', {
    policies,
    alone: flags.alone === true,
    principal: {
      ...(flags.agent === undefined ? {} : { identity: flags.agent }),
      ...(flags.role.length === 0 ? {} : { roles: flags.role }),
    },
    request: { spec: flags.action === undefined ? {} : { action: flags.action } },
    ...(flags.target === undefined ? {} : { target: { uri: flags.target } }),
    ...(flags.tool === undefined ? {} : { tool: flags.tool }),
    ...(flags.args === undefined ? {} : { args: readWhole(io, flags.args, '--args') }),
    ...(flags.now === undefined ? {} : { now: flags.now }),
  });
  if (flags.json === true) {
    io.print(JSON.stringify(body, undefined, 2));
    return;
  }
  io.print(`${textOf(body['effect'])}: ${textOf(body['reason'])} (${textOf(body['policy_version'])})`);
  const approvals = body['approvals'];
  if (isJsonObject(approvals)) {
    const from = Array.isArray(approvals['from']) ? approvals['from'].map((role) => textOf(role)).join(' or ') : '';
    io.print(
      `approvals: ${textOf(approvals['count'])} ${from === '' ? 'by reviewers' : `by ${from}`}, within ${textOf(approvals['within'])} s`,
    );
  }
  const rows = objectsIn(body['rules']).map((rule) => [
    `${textOf(rule['policy'])}@${textOf(rule['version'])}/${textOf(rule['rule'])}`,
    textOf(rule['action']),
    `${textOf(rule['outcome'])}${rule['observed'] === true ? ' (observed)' : ''}`,
    textOf(rule['why']),
    valuesOf(rule),
  ]);
  if (rows.length > 0) io.print(formatTable([['RULE', 'ACTION', 'OUTCOME', 'WHY', 'VALUES'], ...rows]));
}

/** `keyturn policy replay FILE …`. */
export async function runReplay(io: Io, files: readonly string[], flags: ReplayFlags): Promise<void> {
  const { body } = await ask(io, flags, 'POST', '/policies/replay', {
    policies: await readPolicies(io, files),
    limit: Number(flags.limit),
    ...(flags.from === undefined ? {} : { from: flags.from }),
    ...(flags.to === undefined ? {} : { to: flags.to }),
  });
  if (flags.json === true) {
    io.print(JSON.stringify(body, undefined, 2));
    return;
  }
  const rows = objectsIn(body['rows']).map((row) => [
    textOf(row['request']),
    textOf(row['at']),
    textOf(row['agent']),
    textOf(row['action']),
    textOf(row['target']),
    effectOf(row['before']),
    effectOf(row['after']),
  ]);
  io.print(`${textOf(body['replayed'])} requests replayed, ${textOf(body['changed'])} would come out otherwise`);
  if (rows.length > 0)
    io.print(formatTable([['REQUEST', 'AT', 'AGENT', 'ACTION', 'TARGET', 'BEFORE', 'AFTER'], ...rows]));
}

function valuesOf(rule: JsonObject): string {
  const { values } = rule;
  if (!isJsonObject(values)) return '';
  return Object.entries(values)
    .map(([path, value]) => `${path}=${textOf(JSON.stringify(value))}`)
    .join(' ');
}

function effectOf(value: unknown): string {
  return isJsonObject(value) ? textOf(value['effect']) : '';
}
