import type { SafetyEngine, SafetyPolicy } from '@keyturn/policy';
import { ok, type Result, refuse } from '@keyturn/protocol';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readPolicy, readYaml } from './document.ts';
import type { PolicyRepository } from './repository.ts';

/** A file that holds no policy, or a policy that cannot be evaluated. For the operator, whole. */
export interface FileFault {
  readonly path: string;
  readonly message: string;
}

/** Reads the policies of a file, or of a folder's `.yaml`, `.yml` and `.json` files in order of their names. */
export async function readPolicyFiles(
  path: string,
  engine: SafetyEngine,
): Promise<Result<readonly SafetyPolicy[], readonly FileFault[]>> {
  const policies: SafetyPolicy[] = [];
  const faults: FileFault[] = [];
  const files = await listFiles(path).catch((error: unknown) => {
    faults.push({ path, message: error instanceof Error ? error.message : String(error) });
    return [];
  });
  for (const file of files) {
    const documents = readYaml(await readFile(file, 'utf8'));
    if (!documents.ok) {
      const { line, message } = documents.refusal;
      faults.push({ path: file, message: line === undefined ? message : `line ${line}: ${message}` });
      continue;
    }
    for (const document of documents.value) {
      const read = readPolicy(document);
      if (!read.ok) {
        faults.push(...read.refusal.map(({ at, message }) => ({ path: file, message: `${at}: ${message}` })));
        continue;
      }
      const compiled = engine.compile(read.value, 0);
      if (compiled.ok) policies.push(read.value);
      else {
        for (const { message, place } of compiled.refusal) {
          faults.push({ path: file, message: place === undefined ? message : `${message}\n${place.frame}` });
        }
      }
    }
  }
  return faults.length === 0 ? ok(policies) : refuse(faults);
}

/** Puts policies of files into the store: a new version where one differs. One that is in no file any more stays. */
export async function applyPolicies(repository: PolicyRepository, policies: readonly SafetyPolicy[]): Promise<void> {
  for (const policy of policies)
    await repository.save(policy, { as: 'apply' }, { actor: { identity: 'policies.path' } });
}

async function listFiles(path: string): Promise<readonly string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => /\.(?:ya?ml|json)$/.test(name)).sort();
  return names.map((name) => join(path, name));
}
