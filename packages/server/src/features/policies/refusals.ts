import type { PolicyFault } from '@keyturn/policy';
import { unreachable } from '@keyturn/protocol';
import { invalidRequest, type Problem } from '../../http/problem.ts';
import type { DocumentFault } from './document.ts';
import type { SaveRefusal } from './repository.ts';

/** Why a policy was not stored, found or tried. Nothing is stored when one of these comes back. */
export type PolicyRefusal =
  | SaveRefusal
  | { readonly why: 'bad-document'; readonly faults: readonly DocumentFault[] }
  | { readonly why: 'bad-policy'; readonly faults: readonly PolicyFault[] }
  | { readonly why: 'other-name'; readonly path: string; readonly body: string };

export function explainPolicyRefusal(refusal: PolicyRefusal): Problem {
  switch (refusal.why) {
    case 'policy-exists':
      return {
        status: 409,
        code: 'policy_exists',
        title: 'A policy with this name exists',
        detail: 'PUT /api/v1/policies/NAME replaces it.',
      };
    case 'unknown-policy':
      return {
        status: 404,
        code: 'unknown_policy',
        title: 'There is no such policy',
        detail: 'GET /api/v1/policies lists those that exist.',
      };
    case 'policy-changed':
      return {
        status: 409,
        code: 'policy_changed',
        title: 'Somebody else has changed the policy',
        detail: `The version that is there is ${refusal.version}. Read it, and send your change to that.`,
        facts: { version: refusal.version },
      };
    case 'bad-document':
      return invalidRequest(
        refusal.faults.map(({ at, message, line }) => ({
          field: at,
          message: line === undefined ? message : `line ${line}: ${message}`,
        })),
      );
    case 'bad-policy':
      return {
        status: 422,
        code: 'invalid_policy',
        title: 'The policy cannot be evaluated as it is written',
        detail: refusal.faults
          .map(({ message, place }) => (place === undefined ? message : `${message}\n${place.frame}`))
          .join('\n'),
        facts: {
          errors: refusal.faults.map(({ at, message, rule, place }) => ({
            field: at,
            message,
            ...(rule === undefined ? {} : { rule }),
            ...(place === undefined ? {} : { line: place.line, column: place.column, frame: place.frame }),
          })),
        },
      };
    case 'other-name':
      return invalidRequest([
        { field: '/metadata/name', message: `is ${refusal.body}, and the path says ${refusal.path}` },
      ]);
    default:
      return unreachable(refusal);
  }
}
