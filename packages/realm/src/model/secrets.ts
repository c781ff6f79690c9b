import type { JsonObject } from '@keyturn/protocol';
import type { Path } from '../representation.ts';
import { type ObjectRef, showRef } from './objects.ts';

/** Ten asterisks: what Keycloak shows instead of a secret. Written back, they would become the secret (FACTS §1.7). */
export const masked = '**********';

/** Whether a field holds something that nobody may read in a plan, a log or a diff. */
export function isSecretField(type: ObjectRef['type'], path: Path): boolean {
  const [first, second] = path;
  if (type === 'client') {
    return (
      first === 'secret' ||
      first === 'registrationAccessToken' ||
      (first === 'attributes' && /secret$/i.test(`${second}`))
    );
  }
  if (type === 'user') return first === 'credentials';
  if (type === 'realm') return first === 'smtpServer' && second === 'password';
  if (type === 'identity-provider') return first === 'config' && /secret|password/i.test(`${second}`);
  return false;
}

/** Whether a text is no secret but what stands where one should be: the mask, or a placeholder nobody resolved. */
export function isSecretStandIn(text: string): boolean {
  return text === '' || text === masked || /\$\{[^}]*\}/.test(text);
}

/** Where a plan points to instead of holding a secret. */
export function secretName(ref: ObjectRef, path: Path): string {
  return `${showRef(ref)} ${path.join('.')}`;
}

/** The reference that stands in a plan where the value would be. */
export interface SecretReference extends JsonObject {
  readonly $secret: string;
}
