import { unreachable } from '@keyturn/protocol';

/** Where in the text: 1-based, and a frame of the lines around with a caret under the place. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly frame: string;
}

/**
 * Why a text is no document that tools can be made of.
 *
 * - `syntax`: neither JSON nor YAML.
 * - `invalid`: it reads, but something in it is not OpenAPI; `pointer` (RFC 6901) names what.
 * - `version`: no OpenAPI, or one that is not understood.
 * - `reference`: a `$ref` that leads nowhere, in a circle, or to where it may not lead.
 * - `too-large`: beyond one of the limits (`documentLimits`).
 */
export type DocumentRefusal =
  | { readonly why: 'syntax'; readonly message: string; readonly place: Place | undefined }
  | {
      readonly why: 'invalid' | 'version' | 'reference';
      readonly message: string;
      readonly pointer: string;
      readonly place: Place | undefined;
    }
  | { readonly why: 'too-large'; readonly message: string; readonly limit: number };

/** The refusal for a person: what is wrong, where, and the lines around it. */
export function explainDocumentRefusal(refusal: DocumentRefusal): string {
  switch (refusal.why) {
    case 'syntax':
      return `The document is neither JSON nor YAML: ${refusal.message}${placed(refusal.place)}`;
    case 'invalid':
    case 'version':
    case 'reference': {
      const at = refusal.pointer === '' ? '' : ` (at ${refusal.pointer})`;
      return `The document cannot be used: ${refusal.message}${at}${placed(refusal.place)}`;
    }
    case 'too-large':
      return `The document is too large: ${refusal.message}`;
    default:
      return unreachable(refusal);
  }
}

function placed(place: Place | undefined): string {
  return place === undefined ? '' : `\nline ${place.line}, column ${place.column}\n${place.frame}`;
}
