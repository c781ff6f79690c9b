import { isJsonObject, type Json } from '@keyturn/protocol';
import { chosenFields } from '../model/defaults.ts';
import { isBuiltIn } from '../model/objects.ts';
import { isSecretStandIn } from '../model/secrets.ts';
import { isJsonList, type RealmRepresentation } from '../representation.ts';
import { parseRealmFile, type RealmFileFault, type RealmFileOptions } from './parse.ts';

/** One rule of seed 004's "Realm Template Best Practices" that a file breaks. */
export interface LintFault {
  readonly rule:
    | 'parse'
    | 'file-name'
    | 'no-master'
    | 'minimal'
    | 'no-hashed-credentials'
    | 'placeholders'
    | 'secrets'
    | 'one-file';
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
}

/** Checks a realm template against seed 004's rules. Needs no server. */
export function lintRealmFile(text: string, options: RealmFileOptions): readonly LintFault[] {
  const strict = parseRealmFile(text, options);
  const parsed = strict.ok ? strict : parseRealmFile(text, { ...options, unresolved: 'keep' });
  const faults: LintFault[] = strict.ok ? [] : strict.refusal.map(asFault);
  if (!parsed.ok) return faults;
  const literal = parseRealmFile(text, { ...options, unresolved: 'as-written' });
  return [...faults, ...lintRealm(parsed.value, options.path, literal.ok ? literal.value : parsed.value)];
}

function asFault({ message, line, column }: RealmFileFault): LintFault {
  const rule = /is not set, and|cannot be read|are not read here/.test(message) ? 'placeholders' : 'parse';
  return { rule, severity: 'error', message, line, column };
}

function lintRealm(realm: RealmRepresentation, path: string, literal: RealmRepresentation): readonly LintFault[] {
  return [...fileName(realm, path), ...master(realm), ...minimal(realm), ...hashed(realm), ...plainSecrets(literal)];
}

/** keycloak/keycloak#36284: other names with a hyphen can lead to "Session not bound". */
function fileName({ realm }: RealmRepresentation, path: string): readonly LintFault[] {
  const name = path.split(/[/\\]/).at(-1) ?? '';
  if (/-users-\d+\.json$/.test(name))
    return [{ rule: 'one-file', severity: 'warning', message: `${name}: keep users in the realm's own file` }];
  if (name === `${realm}-realm.json` || /\.ya?ml$/.test(name)) return [];
  return [{ rule: 'file-name', severity: 'error', message: `${name}: Keycloak’s import wants ${realm}-realm.json` }];
}

function master({ realm }: RealmRepresentation): readonly LintFault[] {
  return realm === 'master'
    ? [
        {
          rule: 'no-master',
          severity: 'error',
          message: 'the realm master exists before any import; configure it by KC_BOOTSTRAP_ADMIN_*',
        },
      ]
    : [];
}

/** Built-in objects and values that Keycloak has anyway are noise, and age badly. */
function minimal(realm: RealmRepresentation): readonly LintFault[] {
  const found: string[] = [];
  for (const { clientId } of realm.clients ?? [])
    if (isBuiltIn({ type: 'client', name: [clientId] }, realm.realm)) found.push(`client ${clientId}`);
  for (const { name } of realm.clientScopes ?? [])
    if (isBuiltIn({ type: 'client-scope', name: [name] }, realm.realm)) found.push(`client scope ${name}`);
  for (const { name, composites } of realm.roles?.realm ?? []) {
    if (composites === undefined && isBuiltIn({ type: 'realm-role', name: [name] }, realm.realm))
      found.push(`role ${name}`);
  }
  for (const member of ['authenticationFlows', 'authenticatorConfig', 'requiredActions', 'keycloakVersion', 'id'])
    if (!isEmpty(realm[member])) found.push(member);
  const chosen = chosenFields('realm', realm);
  const defaults = Object.keys(realm).filter(
    (member) =>
      typeof realm[member] !== 'object' &&
      !(member in chosen) &&
      !['realm', 'enabled', 'id', 'keycloakVersion'].includes(member),
  );
  const faults: LintFault[] = found.map((what) => ({
    rule: 'minimal',
    severity: 'warning',
    message: `${what}: Keycloak makes it itself`,
  }));
  if (defaults.length > 0)
    faults.push({
      rule: 'minimal',
      severity: 'warning',
      message: `${defaults.join(', ')}: these are Keycloak’s defaults`,
    });
  return faults;
}

function isEmpty(value: Json | undefined): boolean {
  return (
    value === undefined ||
    value === null ||
    ((isJsonList(value) || isJsonObject(value)) && Object.keys(value).length === 0)
  );
}

function hashed({ users }: RealmRepresentation): readonly LintFault[] {
  return (users ?? [])
    .filter(({ credentials }) =>
      credentials?.some(({ secretData, credentialData }) => secretData !== undefined || credentialData !== undefined),
    )
    .map(({ username }) => ({
      rule: 'no-hashed-credentials',
      severity: 'error',
      message: `user ${username}: a hashed credential is unreadable and bound to one version; write {type: password, value: …}`,
    }));
}

function plainSecrets({ clients }: RealmRepresentation): readonly LintFault[] {
  return (clients ?? []).flatMap(({ clientId, secret }): readonly LintFault[] => {
    if (secret === undefined || /\$\{/.test(secret)) return [];
    const message = isSecretStandIn(secret)
      ? `client ${clientId}: the secret is masked or empty`
      : `client ${clientId}: the secret stands in the file; use \${ENV_VAR} or \${file:…}`;
    return [{ rule: 'secrets', severity: 'warning', message }];
  });
}
