import { unreachable } from '@keyturn/protocol';
import { type Answer, invalidInput, message, notFound } from './answer.ts';
import { answerModelRefusal } from './refusals.ts';
import type { ClientRefusal } from '../../import/client.ts';
import type { ImportRefusal } from '../../import/realm.ts';

/** What the caller sees of a client that was not taken. */
export function answerClientRefusal(refusal: ClientRefusal): Answer {
  switch (refusal.why) {
    case 'invalid-client':
      return invalidInput(refusal.description);
    case 'unknown-mapper-type':
      return notFound('ProtocolMapper provider not found');
    default:
      return unreachable(refusal);
  }
}

/** What the caller sees of a realm that was not taken. */
export function answerImportRefusal(refusal: ImportRefusal): Answer {
  switch (refusal.why) {
    case 'invalid-client':
    case 'unknown-mapper-type':
      return answerClientRefusal(refusal);
    case 'unreadable':
      return message(400, 'unable to read contents from stream');
    case 'unknown':
      return message(400, `Could not find ${refusal.what} ${refusal.name}`);
    case 'exists':
    case 'built-in':
    case 'invalid':
      return answerModelRefusal(refusal);
    default:
      return unreachable(refusal);
  }
}
