import { explainNetRefusal, type NetRefusal } from '@keyturn/net';
import { type JsonObject, unreachable } from '@keyturn/protocol';
import { type DocumentRefusal, explainDocumentRefusal } from '@keyturn/tools';
import type { Problem } from '../../http/problem.ts';

/** Why a source was not stored, changed or found. Nothing is stored when one of these comes back. */
export type SourceRefusal =
  | { readonly why: 'unknown-source' }
  | { readonly why: 'slug-taken'; readonly slug: string }
  | { readonly why: 'document-unreachable'; readonly url: string; readonly refusal: NetRefusal }
  | { readonly why: 'document-status'; readonly url: string; readonly status: number }
  | { readonly why: 'document-invalid'; readonly refusal: DocumentRefusal }
  | { readonly why: 'no-operations' };

/** What the caller sees of each. The remedy is part of the sentence. */
export function explainSourceRefusal(refusal: SourceRefusal): Problem {
  switch (refusal.why) {
    case 'unknown-source':
      return {
        status: 404,
        code: 'unknown_source',
        title: 'There is no such source',
        detail: 'GET /api/v1/sources lists those that exist.',
      };
    case 'slug-taken':
      return {
        status: 409,
        code: 'source_exists',
        title: 'A source with this slug exists',
        detail: `Tools of this source would be called ${refusal.slug}/…, which another source has. Give another slug, or PATCH the source that is there.`,
        facts: { slug: refusal.slug },
      };
    case 'document-unreachable':
      return {
        status: 422,
        code: isBlocked(refusal.refusal) ? 'source_address_not_allowed' : 'source_unreachable',
        title: 'The OpenAPI document cannot be fetched',
        detail: `/url: ${explainNetRefusal(refusal.refusal)}.${isBlocked(refusal.refusal) ? ' The list is tools.allowedHosts.' : ''}`,
        facts: { errors: [{ field: '/url', message: explainNetRefusal(refusal.refusal) }] },
      };
    case 'document-status':
      return {
        status: 422,
        code: 'source_unreachable',
        title: 'The OpenAPI document cannot be fetched',
        detail: `/url: the server answered ${refusal.status} instead of the document.`,
        facts: { errors: [{ field: '/url', message: `answered ${refusal.status}` }] },
      };
    case 'document-invalid':
      return {
        status: 422,
        code: 'invalid_openapi_document',
        title: 'The document is not an OpenAPI document that Keyturn can read',
        detail: explainDocumentRefusal(refusal.refusal),
        facts: describeDocumentRefusal(refusal.refusal),
      };
    case 'no-operations':
      return {
        status: 422,
        code: 'no_operations',
        title: 'The document has no operations',
        detail: 'A source without operations gives no tools. Check that the URL is the API’s own document.',
      };
    default:
      return unreachable(refusal);
  }
}

function isBlocked(refusal: NetRefusal): boolean {
  return refusal.why === 'blocked-address' || refusal.why === 'blocked-host';
}

function describeDocumentRefusal(refusal: DocumentRefusal): JsonObject {
  if (refusal.why === 'too-large') return { limit: refusal.limit };
  const { place } = refusal;
  return {
    ...(refusal.why === 'syntax' ? {} : { pointer: refusal.pointer }),
    ...(place === undefined ? {} : { line: place.line, column: place.column, frame: place.frame }),
  };
}
