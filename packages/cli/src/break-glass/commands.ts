import { authenticatorUri, codeAt, hashPassword, newTotpSecret, systemClock, systemRandom } from '@keyturn/server';
import { CommandFailure, type Io } from '../io.ts';
import { readSecretArgument } from '../realm/secret-argument.ts';

/** `keyturn break-glass new`: the settings on standard output, what its owner keeps on standard error. */
export async function runNew(io: Io, username: string, { password }: { password?: string }): Promise<void> {
  if (!/^[A-Za-z0-9._@-]{1,64}$/.test(username)) {
    throw new CommandFailure('A name has letters, digits and . _ @ -, at most 64 of them.', 2);
  }
  const given = password === undefined ? undefined : readSecretArgument(io, '--password', password);
  if (given !== undefined && given.length < 15) {
    // NIST SP 800-63B-4 §3.1.1.2: what is a factor of its own has 15 characters.
    throw new CommandFailure('A break-glass password has at least 15 characters.', 2);
  }
  const secret = newTotpSecret(systemRandom);
  const chosen = given ?? Buffer.from(systemRandom(18)).toString('base64url');
  io.print(`breakGlass:
  accounts:
    - username: ${JSON.stringify(username)}
      passwordHash: ${JSON.stringify(await hashPassword(chosen))}
      totpSecret: ${secret}`);
  io.complain(
    [
      ...(given === undefined ? [`Password: ${chosen}`] : []),
      `For an authenticator app: ${authenticatorUri(secret, username)}`,
      'Neither is stored. Put the part above into the settings, and these two into a safe, apart from each other.',
    ].join('\n'),
  );
}

/** `keyturn break-glass code` */
export async function runCode(io: Io, argument: string): Promise<void> {
  const secret = readSecretArgument(io, 'totp-secret', argument).trim();
  if (!/^[A-Z2-7]{32,}$/.test(secret)) throw new CommandFailure('The secret is not base 32.', 2);
  io.print(codeAt(secret, systemClock()));
}
