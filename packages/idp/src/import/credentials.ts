import { isJsonObject } from '@keyturn/protocol';
import type { IdpContext } from '../context.ts';
import type { Credential } from '../model/index.ts';
import type { CredentialRepresentation } from '../admin/representation/user.ts';

/** Passwords ready to be stored, and the kinds of credentials that cannot be. */
export interface ReadCredentials {
  readonly credentials: readonly Credential[];
  readonly unsupported: readonly string[];
  /** Some password is to be changed at the next login. */
  readonly temporary: boolean;
}

/** Hashes plain passwords, and takes over hashes that Keycloak made. Anything else is named, not stored. */
export async function readCredentials(
  world: Pick<IdpContext, 'state' | 'passwords'>,
  given: readonly CredentialRepresentation[],
): Promise<ReadCredentials> {
  const credentials: Credential[] = [];
  const unsupported: string[] = [];
  for (const it of given) {
    const isPassword = it.type === undefined || it.type === 'password';
    const hash =
      isPassword && it.value !== undefined && it.value !== ''
        ? await world.passwords.hash(it.value)
        : isPassword
          ? importedHash(it)
          : undefined;
    if (hash === undefined) unsupported.push(it.type ?? 'password');
    else {
      credentials.push({
        id: it.id ?? world.state.newUuid(),
        type: 'password',
        ...(it.userLabel === undefined ? {} : { userLabel: it.userLabel }),
        createdDate: it.createdDate ?? world.state.clock(),
        hash,
      });
    }
  }
  // A user has one password; of several the last one counts.
  return { credentials: credentials.slice(-1), unsupported, temporary: given.some((it) => it.temporary === true) };
}

/** A hash out of Keycloak's export as a PHC string: argon2id and the older PBKDF2. */
function importedHash(given: CredentialRepresentation): string | undefined {
  const { value, salt } = parse(given.secretData);
  const { algorithm, hashIterations, additionalParameters } = parse(given.credentialData);
  if (typeof value !== 'string' || typeof salt !== 'string' || !isCost(hashIterations)) return undefined;
  const end = `${salt.replace(/=+$/, '')}$${value.replace(/=+$/, '')}`;
  const digest = typeof algorithm === 'string' ? /^pbkdf2(?:-(sha256|sha512))?$/.exec(algorithm) : null;
  if (digest !== null) return `$pbkdf2-${digest[1] ?? 'sha1'}$i=${hashIterations}$${end}`;
  const more = isJsonObject(additionalParameters) ? additionalParameters : {};
  const first = (name: string): unknown => (Array.isArray(more[name]) ? more[name][0] : more[name]);
  const [memory, lanes] = [Number(first('memory')), Number(first('parallelism'))];
  const isArgon2id = algorithm === 'argon2' && first('type') === 'id';
  return isArgon2id && isCost(memory) && isCost(lanes)
    ? `$argon2id$v=19$m=${memory},t=${hashIterations},p=${lanes}$${end}`
    : undefined;
}

// What checking a password costs is written in the file: a foreign one must not buy hours of it.
function isCost(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 1_000_000;
}

function parse(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
