import { resolve } from 'node:path';
import { createSafetyEngine, type SafetyPolicy } from '@keyturn/policy';
import { readPolicyFiles } from '@keyturn/server';
import { CommandFailure, type Io } from '../io.ts';

/** The policies of files and folders, type-checked. Fails with every fault, its file and its place. */
export async function readPolicies(io: Io, paths: readonly string[]): Promise<readonly SafetyPolicy[]> {
  const engine = createSafetyEngine();
  const policies: SafetyPolicy[] = [];
  const faults: string[] = [];
  for (const path of paths) {
    const read = await readPolicyFiles(resolve(io.cwd, path), engine);
    if (read.ok) policies.push(...read.value);
    else faults.push(...read.refusal.map((fault) => `${fault.path}: ${fault.message}`));
  }
  const names = policies.map(({ metadata }) => metadata.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) faults.push(`${paths.join(', ')}: two policies are called ${twice}`);
  if (faults.length > 0) throw new CommandFailure(faults.join('\n'), 1);
  if (policies.length === 0) throw new CommandFailure(`${paths.join(', ')}: there is no policy`, 1);
  return policies;
}
