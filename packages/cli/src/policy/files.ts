import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { stringify } from 'yaml';
import { CommandFailure, type Io } from '../io.ts';
import { ask, objectsIn, type ServerFlags, textOf } from '../ask.ts';
import { formatTable } from '../table.ts';
import { readPolicies } from './read-files.ts';

/** `keyturn policy lint PATH …`. */
export async function runLint(io: Io, paths: readonly string[]): Promise<void> {
  const policies = await readPolicies(io, paths);
  const rules = policies.reduce((sum, { spec }) => sum + spec.rules.length, 0);
  io.print(`${policies.length} ${policies.length === 1 ? 'policy' : 'policies'}, ${rules} rules: no fault found`);
}

/** `keyturn policy apply PATH …`. */
export async function runApply(io: Io, paths: readonly string[], flags: ServerFlags): Promise<void> {
  for (const policy of await readPolicies(io, paths)) {
    const { name } = policy.metadata;
    const before = await versionOf(io, flags, name);
    const { body } = await ask(io, flags, 'PUT', `/policies/${name}`, policy);
    const version = textOf(metadataOf(body)['generation']);
    const what = before === undefined ? 'created' : before === version ? 'unchanged' : 'changed';
    io.print(`${name}@${version} ${what}`);
  }
}

/** `keyturn policy list`. */
export async function runList(io: Io, flags: ServerFlags): Promise<void> {
  const items = await listPolicies(io, flags);
  if (flags.json === true) io.print(JSON.stringify(items, undefined, 2));
  else if (items.length === 0) io.complain('There are no policies. keyturn policy apply FILE makes some.');
  else {
    const rows = items.map((item) => {
      const spec = objectOf(item['spec']);
      const status = objectOf(item['status']);
      const { name, generation } = metadataOf(item);
      const rules = String(objectsIn(spec['rules']).length);
      return [
        textOf(name),
        textOf(generation),
        textOf(spec['mode']),
        rules,
        textOf(status['updatedAt']),
        textOf(status['updatedBy']),
      ];
    });
    io.print(formatTable([['NAME', 'VERSION', 'MODE', 'RULES', 'UPDATED', 'BY'], ...rows]));
  }
}

/** `keyturn policy show NAME`. */
export async function runShow(io: Io, name: string, flags: ServerFlags): Promise<void> {
  const { body } = await ask(io, flags, 'GET', `/policies/${encodeURIComponent(name)}`);
  io.print(
    flags.json === true ? JSON.stringify(body, undefined, 2) : stringify({ ...body, status: undefined }).trimEnd(),
  );
}

const modes: Readonly<Record<string, string>> = { enforce: 'Enforce', observe: 'Observe', disabled: 'Disabled' };

/** `keyturn policy mode NAME MODE`. */
export async function runMode(io: Io, name: string, given: string, flags: ServerFlags): Promise<void> {
  const mode = modes[given.toLowerCase()];
  if (mode === undefined) throw new CommandFailure(`${given} is no mode: enforce, observe or disabled`, 2);
  const { body } = await ask(io, flags, 'PATCH', `/policies/${encodeURIComponent(name)}`, { mode });
  io.print(`${name}@${textOf(metadataOf(body)['generation'])} ${mode}`);
}

/** `keyturn policy delete NAME`. */
export async function runDelete(io: Io, name: string, flags: ServerFlags): Promise<void> {
  await ask(io, flags, 'DELETE', `/policies/${encodeURIComponent(name)}`);
  io.complain(`Removed ${name}`);
}

async function listPolicies(io: Io, flags: ServerFlags): Promise<readonly JsonObject[]> {
  return objectsIn((await ask(io, flags, 'GET', '/policies')).body['items']);
}

async function versionOf(io: Io, flags: ServerFlags, name: string): Promise<string | undefined> {
  const found = (await listPolicies(io, flags)).find((item) => metadataOf(item)['name'] === name);
  return found === undefined ? undefined : textOf(metadataOf(found)['generation']);
}

function metadataOf(item: JsonObject): JsonObject {
  return objectOf(item['metadata']);
}

function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
