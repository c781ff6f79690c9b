import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { buildSecretManifest, explainRotateRefusal, rotateSecret, setEnvLine } from '@keyturn/realm';
import { CommandFailure, type Io } from '../io.ts';
import { requireAdmin, withConnection } from './connect.ts';
import type { RotateFlags } from './flags.ts';

/** `keyturn realm rotate-secret` */
export async function runRotateSecret(io: Io, clientId: string, flags: RotateFlags): Promise<void> {
  const deliver = deliveryFor(io, flags);
  const rotated = await withConnection(io, flags, (connection) =>
    rotateSecret({
      admin: requireAdmin(connection),
      realm: flags.realm,
      clientId,
      fetch: connection.fetch,
      random: randomBytes,
      deliver,
      dropOld: flags.dropOld,
    }),
  );
  if (!rotated.ok) throw new CommandFailure(explainRotateRefusal(rotated.refusal));
  const { oldStillValid } = rotated.value;
  if (flags.json === true) io.print(JSON.stringify({ clientId, realm: flags.realm, oldStillValid }));
  else
    io.print(
      `The client ${clientId} has a new secret, tried and written. ${oldStillValid ? 'The old one is accepted until its overlap ends.' : 'The old one is not accepted any more: restart what uses it.'}`,
    );
}

/** Where the secret goes. Decided before anything is changed. */
function deliveryFor(
  io: Io,
  { toFile, toEnvFile, toKubernetes, name }: RotateFlags,
): (secret: string) => Promise<void> {
  const chosen = [toFile, toEnvFile, toKubernetes].filter((one) => one !== undefined);
  if (chosen.length !== 1)
    throw new CommandFailure('Say where the new secret goes: --to-file, --to-env-file or --to-kubernetes.');
  if (toKubernetes !== undefined) {
    const [namespace, secretName, key, ...more] = toKubernetes.split('/');
    if (namespace === undefined || secretName === undefined || key === undefined || more.length > 0)
      throw new CommandFailure('--to-kubernetes: give namespace/name/key.');
    return (secret) => applyManifest(buildSecretManifest(namespace, secretName, key, secret));
  }
  if (toEnvFile !== undefined) {
    if (!/^[A-Za-z_]\w*$/.test(name)) throw new CommandFailure(`--name: ${name} is no name of a variable.`);
    const path = resolve(io.cwd, toEnvFile);
    return async (secret) =>
      replaceFile(path, setEnvLine(existsSync(path) ? readFileSync(path, 'utf8') : '', name, secret));
  }
  return async (secret) => replaceFile(resolve(io.cwd, toFile ?? ''), secret);
}

/** Whole or not at all, and for the owner's eyes only. */
function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

const program = 'kubectl';

/** By standard input, so that no list of processes shows the secret. */
function applyManifest(manifest: string): Promise<void> {
  return new Promise((done, failed) => {
    const kubectl = spawn(program, ['apply', '-f', '-'], { stdio: ['pipe', 'ignore', 'inherit'] });
    kubectl.once('error', () => failed(new Error('kubectl cannot be started')));
    kubectl.once('close', (code) => (code === 0 ? done() : failed(new Error(`kubectl left with ${code}`))));
    kubectl.stdin.on('error', () => undefined);
    kubectl.stdin.end(manifest);
  });
}
