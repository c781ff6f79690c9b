import { isJsonObject, type Json, type JsonObject, unreachable } from '@keyturn/protocol';
import { showRef } from '../model/objects.ts';
import { isSecretField } from '../model/secrets.ts';
import { countSteps, isEmptyPlan, type Plan, type Step, secretReference } from './plan.ts';

/**
 * A plan for people, in Terraform's grammar. The last line is `Plan: 2 to add, 1 to change, 0 to destroy.`, or says
 * that there is nothing to do. Secrets are `(sensitive)`.
 */
export function showPlan(plan: Plan): string {
  const lines: string[] = [];
  for (const step of plan.steps) lines.push(...showStep(step), '');
  for (const notice of plan.notices) lines.push(`Note: ${oneLine(notice)}`);
  if (plan.notices.length > 0) lines.push('');
  if (isEmptyPlan(plan)) return [...lines, `No changes. Realm ${plan.realm} is as declared.`].join('\n');
  const { add, change, destroy, adopt } = countSteps(plan);
  if (adopt > 0) lines.push(`Adopts ${adopt} object${adopt === 1 ? '' : 's'} that Keyturn did not own until now.`);
  else if (plan.steps.length === 0) lines.push(`Only the record of what Keyturn owns changes.`);
  lines.push(`Plan: ${add} to add, ${change} to change, ${destroy} to destroy.`);
  return lines.join('\n');
}

function showStep(step: Step): readonly string[] {
  const title = oneLine(showRef(step));
  switch (step.action) {
    case 'create':
      return [`  + ${title}`, ...showFields(step.fields, [], step.type)];
    case 'update':
      return [
        `  ~ ${title}${step.adopt ? ' (adopt)' : ''}`,
        ...step.changes.map(({ path, before, after, sensitive }) =>
          sensitive === true || isSecretField(step.type, path)
            ? `      ~ ${showField(path)} = (sensitive)`
            : `      ~ ${showField(path)} = ${showValue(before)} -> ${showValue(after)}`,
        ),
      ];
    case 'adopt':
      return [`  = ${title} (adopt)`];
    case 'delete':
      return [`  - ${title}`];
  }
  return unreachable(step);
}

function showFields(fields: JsonObject, at: readonly string[], type: Step['type']): readonly string[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    const path = [...at, name];
    if (value === undefined) return [];
    const hidden = isSecretField(type, path) || secretReference(value) !== undefined;
    if (hidden) return [`      + ${showField(path)} = (sensitive)`];
    return isJsonObject(value) ? showFields(value, path, type) : [`      + ${showField(path)} = ${showValue(value)}`];
  });
}

/** `attributes."access.token.lifespan"`: a member with a dot in its name is quoted. */
function showField(path: readonly string[]): string {
  return oneLine(path.map((part) => (/^[\w-]+$/.test(part) ? part : JSON.stringify(part))).join('.'));
}

function showValue(value: Json): string {
  return value === null ? '(none)' : JSON.stringify(value);
}

/** Names come from files and servers: a line break or an escape code in one must not write lines of its own. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}|[\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, '?');
}
