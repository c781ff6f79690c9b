import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import type { Desired } from '../model/desired.ts';
import { type DesiredObject, showRef } from '../model/objects.ts';
import { isSecretField, isSecretStandIn, secretName } from '../model/secrets.ts';
import { isJsonList } from '../representation.ts';
import type { FieldDifference } from './fields.ts';
import type { Change } from './plan.ts';

/** Where secrets and notices are collected while a plan is built; the plan itself holds no secret. */
export interface SecretCollector {
  /** By the reference that stands in the plan. */
  readonly secrets: Map<string, string>;
  readonly notices: string[];
  /** Clients whose secret is to be replaced. */
  readonly rotate: readonly string[];
}

/** A secret changes only when somebody asked for it by name, and never to what stands in for one. */
export function secretChange(
  object: DesiredObject,
  { path, before, after }: FieldDifference,
  { secrets, notices, rotate }: SecretCollector,
): readonly Change[] {
  if (typeof after !== 'string' || isSecretStandIn(after)) return [];
  const [name = ''] = object.name;
  if (object.type === 'client' && path[0] === 'secret' && rotate.includes(name)) {
    const reference = secretName(object, path);
    secrets.set(reference, after);
    return [{ path, before: null, after: { $secret: reference }, sensitive: true }];
  }
  // The server shows most secrets masked; only one that it shows can be said to differ.
  if (typeof before === 'string' && !isSecretStandIn(before)) {
    notices.push(
      `${showRef(object)}: the ${path.join('.')} on the server differs from the file's; --rotate ${name} would write it`,
    );
  }
  return [];
}

/** Fields for a new object, each secret replaced by a reference; what only stands in for a secret is left out. */
export function hideSecrets(
  object: DesiredObject,
  collector: SecretCollector,
  fields: JsonObject = object.fields,
  at: readonly string[] = [],
): JsonObject {
  const entries = Object.entries(fields).flatMap(([name, value]): [string, Json][] => {
    const path = [...at, name];
    if (value === undefined) return [];
    if (object.type === 'user' && path[0] === 'credentials') return [[name, hideCredentials(object, collector, value)]];
    if (isJsonObject(value)) return [[name, hideSecrets(object, collector, value, path)]];
    if (!isSecretField(object.type, path) || typeof value !== 'string') return [[name, value]];
    if (isSecretStandIn(value)) {
      collector.notices.push(
        `${showRef(object)}: ${path.join('.')} is empty, masked or a placeholder, so none is written`,
      );
      return [];
    }
    const reference = secretName(object, path);
    collector.secrets.set(reference, value);
    return [[name, { $secret: reference }]];
  });
  return Object.fromEntries(entries);
}

function hideCredentials(object: DesiredObject, { secrets, notices }: SecretCollector, value: Json): Json {
  if (!isJsonList(value)) return [];
  return value.filter(isJsonObject).flatMap((credential, index): JsonObject[] => {
    const secret = credential['value'];
    if (typeof secret !== 'string' || isSecretStandIn(secret)) {
      notices.push(`${showRef(object)}: a credential without a password in the clear is not written`);
      return [];
    }
    const reference = secretName(object, ['credentials', `${index}`]);
    secrets.set(reference, secret);
    return [{ type: 'password', ...credential, value: { $secret: reference } }];
  });
}

/** All secrets of a file by the references that a plan uses: what `apply` needs for a plan that was stored. */
export function collectSecrets(desired: Desired): ReadonlyMap<string, string> {
  const secrets = new Map<string, string>();
  for (const object of desired.objects.values()) hideSecrets(object, { secrets, notices: [], rotate: [] });
  return secrets;
}
