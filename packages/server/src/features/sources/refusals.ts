import { explainNetRefusal, type NetRefusal } from '@keyturn/net';
import { type JsonObject, unreachable } from '@keyturn/protocol';
import { explainDocumentRefusal } from '@keyturn/tools';
import type { Problem } from '../../http/problem.ts';
import type { ReaderRefusal } from './document-reader.ts';

/** Why a source was not stored, changed or found. Nothing is stored when one of these comes back. */
export type SourceRefusal =
  | { readonly why: 'unknown-source' }
  | { readonly why: 'slug-taken'; readonly slug: string }
  | { readonly why: 'document-unreachable'; readonly url: string; readonly refusal: NetRefusal }
  | { readonly why: 'document-status'; readonly url: string; readonly status: number }
  | { readonly why: 'document-invalid'; readonly refusal: ReaderRefusal }
  | { readonly why: 'no-operations' }
  | { readonly why: 'mcp-unreachable'; readonly url: string; readonly message: string }
  | { readonly why: 'no-seal-key' }
  | { readonly why: 'secret-needed'; readonly because: 'kind' | 'address' }
  | { readonly why: 'audience-needed' }
  | { readonly why: 'no-document'; readonly message: string }
  | { readonly why: 'changed-meanwhile' }
  | { readonly why: 'unknown-operation'; readonly operation: string }
  | { readonly why: 'other-hash'; readonly hash: string };

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
        title: 'The source cannot be fetched',
        detail: `/url: ${explainNetRefusal(refusal.refusal)}.${isBlocked(refusal.refusal) ? ' The list is tools.allowedHosts.' : ''}`,
        facts: { errors: [{ field: '/url', message: explainNetRefusal(refusal.refusal) }] },
      };
    case 'document-status':
      return {
        status: 422,
        code: 'source_unreachable',
        title: 'The source cannot be fetched',
        detail: `/url: the server answered ${refusal.status} instead of the document.`,
        facts: { errors: [{ field: '/url', message: `answered ${refusal.status}` }] },
      };
    case 'document-invalid':
      return {
        status: 422,
        code: 'invalid_openapi_document',
        title: 'The document is not an OpenAPI document that Keyturn can read',
        detail: explainReader(refusal.refusal),
        facts: describeDocumentRefusal(refusal.refusal),
      };
    case 'no-operations':
      return {
        status: 422,
        code: 'no_operations',
        title: 'The document has no operations',
        detail: 'A source without operations gives no tools. Check that the URL is the API’s own document.',
      };
    case 'mcp-unreachable':
      return {
        status: 422,
        code: 'source_unreachable',
        title: 'The MCP server does not list its tools',
        detail: `/url: ${refusal.message}`,
        facts: { errors: [{ field: '/url', message: refusal.message }] },
      };
    case 'no-seal-key':
      return {
        status: 409,
        code: 'no_seal_key',
        title: 'There is no key to seal the secret with',
        detail: 'A secret is stored sealed only. The operator sets seal.key (openssl rand -base64 32).',
      };
    case 'secret-needed':
      return {
        status: 422,
        code: 'secret_needed',
        title: 'The secret has to be given again',
        detail:
          refusal.because === 'kind'
            ? '/auth/secret: this kind of auth has a secret, and none is stored.'
            : '/auth/secret: a secret that was given for one address is not sent to another. Give it again with the new address.',
        facts: { errors: [{ field: '/auth/secret', message: 'is needed' }] },
      };
    case 'audience-needed':
      return {
        status: 422,
        code: 'audience_needed',
        title: 'An exchange is for an audience',
        detail: '/default_audience: give the upstream’s client id, or another kind of auth.',
        facts: { errors: [{ field: '/default_audience', message: 'is needed' }] },
      };
    case 'no-document':
      return { status: 409, code: 'no_document', title: 'There is no such document', detail: refusal.message };
    case 'changed-meanwhile':
      return {
        status: 409,
        code: 'source_changed_meanwhile',
        title: 'Somebody else changed this source',
        detail: 'Nothing was changed. Read the source and send the change again.',
      };
    case 'unknown-operation':
      return {
        status: 404,
        code: 'unknown_operation',
        title: 'The source has no such tool',
        detail: 'GET /api/v1/sources/{id}/tools lists those that it has, by operation_id.',
      };
    case 'other-hash':
      return {
        status: 409,
        code: 'other_hash',
        title: 'It is no longer what you looked at',
        detail: 'The source has changed since. Nothing was accepted: look at the difference again.',
        facts: { hash: refusal.hash },
      };
    default:
      return unreachable(refusal);
  }
}

function explainReader(refusal: ReaderRefusal): string {
  if (refusal.why !== 'too-costly') return explainDocumentRefusal(refusal);
  return refusal.of === 'time'
    ? `Reading the document takes longer than ${refusal.limit} s (tools.documentTimeout).`
    : `Reading the document takes more than ${refusal.limit} MiB of memory (tools.documentMemory).`;
}

function isBlocked(refusal: NetRefusal): boolean {
  return refusal.why === 'blocked-address' || refusal.why === 'blocked-host';
}

function describeDocumentRefusal(refusal: ReaderRefusal): JsonObject {
  if (refusal.why === 'too-large' || refusal.why === 'too-costly') return { limit: refusal.limit };
  const { place } = refusal;
  return {
    ...(refusal.why === 'syntax' ? {} : { pointer: refusal.pointer }),
    ...(place === undefined ? {} : { line: place.line, column: place.column, frame: place.frame }),
  };
}
