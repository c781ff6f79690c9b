import { isJsonObject } from '@keyturn/protocol';
import type { IdpContext } from '../../context.ts';
import type { Credential } from '../../model/index.ts';
import type { CredentialRepresentation } from '../representation/user.ts';

/** Passwords ready to be stored, and the kinds of credentials that cannot be. */
export interface ReadCredentials {
  readonly credentials: readonly Credential[];
  readonly unsupported: readonly string[];
  /** Some password is to be changed at the next login. */
  readonly temporary: boolean;
}

/** Hashes plain passwords, and takes over argon2id hashes that Keycloak made. Anything else is named, not stored. */
export async function readCredentials(
  context: IdpContext,
  given: readonly CredentialRepresentation[],
): Promise<ReadCredentials> {
  const credentials: Credential[] = [];
  const unsupported: string[] = [];
  for (const it of given) {
    const isPassword = it.type === undefined || it.type === 'password';
    const hash =
      isPassword && it.value !== undefined && it.value !== ''
        ? await context.passwords.hash(it.value)
        : isPassword
          ? importedHash(it)
          : undefined;
    if (hash === undefined) unsupported.push(it.type ?? 'password');
    else {
      credentials.push({
        id: it.id ?? context.state.newUuid(),
        type: 'password',
        ...(it.userLabel === undefined ? {} : { userLabel: it.userLabel }),
        createdDate: it.createdDate ?? context.state.clock(),
        hash,
      });
    }
  }
  // A user has one password; of several the last one counts.
  return { credentials: credentials.slice(-1), unsupported, temporary: given.some((it) => it.temporary === true) };
}

/** Keycloak's argon2id hash as a PHC string. */
function importedHash(given: CredentialRepresentation): string | undefined {
  const secret = parse(given.secretData);
  const data = parse(given.credentialData);
  const { value, salt } = secret;
  const { algorithm, hashIterations, additionalParameters } = data;
  const more = isJsonObject(additionalParameters) ? additionalParameters : {};
  const first = (name: string): string => {
    const listed = more[name];
    return String(Array.isArray(listed) ? listed[0] : listed);
  };
  if (algorithm !== 'argon2' || typeof value !== 'string' || typeof salt !== 'string' || first('type') !== 'id') {
    return undefined;
  }
  const numbers = [first('memory'), String(hashIterations), first('parallelism')];
  if (numbers.some((it) => !/^\d{1,6}$/.test(it))) return undefined;
  const [memory, passes, lanes] = numbers;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${lanes}$${salt.replace(/=+$/, '')}$${value.replace(/=+$/, '')}`;
}

function parse(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
