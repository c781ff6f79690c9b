import { unreachable } from '@keyturn/protocol';
import type { ModelRefusal } from '../../model/index.ts';
import type { BodyRefusal } from '../json/body.ts';
import { type Answer, message, notFound, refused } from './answer.ts';

/** What the caller sees of a change that the model would not take: Keycloak's statuses and texts. */
export function answerModelRefusal(refusal: ModelRefusal): Answer {
  switch (refusal.why) {
    case 'exists':
      return message(409, textOfClash(refusal.what, refusal.name));
    case 'unknown':
      return notFound(`Could not find ${refusal.what}`);
    case 'built-in':
      return refused(400, { error: 'invalid_request', error_description: `Could not delete ${refusal.what}` });
    case 'invalid':
      return message(400, refusal.message);
    default:
      return unreachable(refusal);
  }
}

type Clash = Extract<ModelRefusal, { readonly why: 'exists' }>['what'];

function textOfClash(what: Clash, name: string): string {
  switch (what) {
    case 'realm':
      return `Realm ${name} already exists`;
    case 'client':
      return `Client ${name} already exists`;
    case 'scope':
      return `Client Scope ${name} already exists`;
    case 'role':
      return `Role with name ${name} already exists`;
    case 'top-group':
      return `Top level group named '${name}' already exists.`;
    case 'sibling-group':
      return `Sibling group named '${name}' already exists.`;
    case 'username':
      return 'User exists with same username';
    case 'email':
      return 'User exists with same email';
    case 'mapper':
      return 'Protocol mapper exists with same name';
    default:
      return unreachable(what);
  }
}

/** What the caller sees of a body that could not be read. `stream`: the texts of endpoints that read it themselves. */
export function answerBodyRefusal(refusal: BodyRefusal, stream: boolean): Answer {
  if (stream) return message(400, 'unable to read contents from stream');
  switch (refusal.why) {
    case 'not-json':
      return refused(400, { error: 'invalid_request', error_description: 'Cannot parse the JSON' });
    case 'wrong-type':
      return refused(400, { error: 'unknown_error', error_description: 'Cannot parse the JSON' });
    case 'unknown-field': {
      const { representation, field, line, column } = refusal;
      const place = `Unrecognized field "${field}" at line ${line} column ${column}.`;
      return refused(400, { error: `Invalid json representation for ${representation}. ${place}` });
    }
    default:
      return unreachable(refusal);
  }
}
