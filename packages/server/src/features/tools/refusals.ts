import type { ExchangeRefusal } from '@keyturn/exchange';
import type { NetRefusal } from '@keyturn/net';
import { type Seconds, unreachable } from '@keyturn/protocol';
import type { ArgumentFault } from '@keyturn/tools';
import { invalidRequest, type Problem } from '../../http/problem.ts';
import { explainRefusal, type HouseRefusal } from '../../http/refusals.ts';

/** Why a tool was not called, or gave no answer. */
export type ToolRefusal =
  | { readonly why: 'unknown-tool'; readonly id: string; readonly nearest: string | undefined }
  /** Between the decision and the call its source was synchronised, or was given another audience. */
  | { readonly why: 'tool-changed'; readonly id: string }
  | { readonly why: 'bad-arguments'; readonly faults: readonly ArgumentFault[] }
  | { readonly why: 'passthrough-not-allowed'; readonly source: string; readonly missing: PassthroughCondition }
  | { readonly why: 'no-server'; readonly source: string; readonly message: string }
  | { readonly why: 'upstream-unreachable'; readonly source: string; readonly refusal: NetRefusal }
  /** The breaker of its upstream is open. */
  | { readonly why: 'upstream-resting'; readonly source: string; readonly retryAfter: Seconds }
  | { readonly why: 'own-credential'; readonly source: string; readonly refusal: OwnCredentialRefusal }
  | { readonly why: 'house'; readonly refusal: HouseRefusal };

/** Why there is nothing to show to an upstream that wants Keyturn's own credential. */
export type OwnCredentialRefusal =
  /** Sealed with a key that is no longer in the settings. */
  | { readonly why: 'unreadable' }
  | { readonly why: 'not-configured' }
  | { readonly why: 'refused'; readonly refusal: ExchangeRefusal };

/** The first condition of a passthrough that does not hold. */
export type PassthroughCondition = 'door' | 'source' | 'operator';

export function explainToolRefusal(refusal: ToolRefusal): Problem {
  switch (refusal.why) {
    case 'unknown-tool':
      return {
        status: 404,
        code: 'unknown_tool',
        title: 'There is no such tool',
        detail:
          refusal.nearest === undefined
            ? 'GET /api/v1/tools lists the tools.'
            : `Did you mean ${refusal.nearest}? GET /api/v1/tools lists the tools.`,
        ...(refusal.nearest === undefined ? {} : { facts: { nearest: refusal.nearest } }),
      };
    case 'tool-changed':
      return {
        status: 409,
        code: 'tool_changed',
        title: 'The tool has just changed',
        detail: `The definition of ${refusal.id} changed while the call was judged, so nothing was sent. Look at it and call again.`,
      };
    case 'bad-arguments':
      return {
        ...invalidRequest(
          refusal.faults.map((fault) => ({
            field: `/arguments${fault.pointer}`,
            message: fault.message,
          })),
        ),
        code: 'invalid_arguments',
        title: 'The arguments do not fit the tool’s schema',
      };
    case 'passthrough-not-allowed':
      return {
        status: 409,
        code: 'passthrough_not_allowed',
        title: 'Your own token is not sent on',
        detail: `The source ${refusal.source} has no default_audience, so this call would hand it your own token. ${remedy(refusal.missing)}`,
        facts: { source: refusal.source },
      };
    case 'no-server':
      return {
        status: 502,
        code: 'no_server',
        title: 'The document does not say where the API is',
        detail: `${refusal.source}: ${refusal.message}. Its owner has to add a server address.`,
        facts: { source: refusal.source },
      };
    case 'upstream-unreachable':
      return {
        status: refusal.refusal.why === 'timeout' ? 504 : 502,
        code: refusal.refusal.why === 'timeout' ? 'upstream_timeout' : 'upstream_unreachable',
        title: 'The upstream gave no answer',
        detail: `${refusal.source}: ${coarse(refusal.refusal)}. The log has the details under this request id.`,
        facts: { source: refusal.source },
        ...(mayHaveActed(refusal.refusal) ? { upstream: 'maybe-reached' as const } : {}),
      };
    case 'upstream-resting':
      return {
        status: 503,
        code: 'upstream_breaker_open',
        title: 'The upstream is left alone for a while',
        detail: `${refusal.source} failed tools.failureThreshold times in a row. Nothing was sent. Try again in ${refusal.retryAfter} s.`,
        facts: { source: refusal.source },
        headers: { 'retry-after': String(refusal.retryAfter) },
      };
    case 'own-credential':
      return explainOwnCredential(refusal.source, refusal.refusal);
    case 'house':
      return explainRefusal(refusal.refusal);
    default:
      return unreachable(refusal);
  }
}

/** Whether the request may have got through: only what failed before it was sent certainly had no effect. */
function mayHaveActed(refusal: NetRefusal): boolean {
  switch (refusal.why) {
    case 'bad-url':
    case 'scheme':
    case 'bad-request':
    case 'blocked-host':
    case 'blocked-address':
    case 'dns':
    case 'connect':
    case 'tls':
      return false;
    default:
      return !('sent' in refusal) || refusal.sent;
  }
}

/** What is wrong with Keyturn's own credential is for the operator; the caller learns that it is not their doing. */
function explainOwnCredential(source: string, refusal: OwnCredentialRefusal): Problem {
  const shared = { title: 'Keyturn has no credential for this upstream', facts: { source } };
  switch (refusal.why) {
    case 'unreadable':
      return {
        ...shared,
        status: 503,
        code: 'source_secret_unreadable',
        detail: `The secret of ${source} was sealed with a key that is no longer in seal.key or seal.formerKeys. An administrator gives it again.`,
      };
    case 'not-configured':
      return {
        ...shared,
        status: 503,
        code: 'exchange_not_configured',
        detail: `${source} is called with a token of Keyturn’s own, and exchange.clientId and exchange.clientSecret are not set.`,
      };
    case 'refused':
      return {
        ...shared,
        status: 502,
        code: 'source_token_refused',
        detail: `The token endpoint gave Keyturn no token of its own for ${source}: ${wordsOf(refusal.refusal)}.`,
      };
  }
}

function wordsOf(refusal: ExchangeRefusal): string {
  switch (refusal.why) {
    case 'refused':
      return refusal.description === '' ? refusal.error : `${refusal.error} (${refusal.description})`;
    case 'unreachable':
    case 'bad-answer':
      return refusal.detail;
    case 'breaker-open':
      return 'it failed again and again and is left alone for a while';
  }
}

/** For whoever may call tools but not see the operator's network: what happened, without names and addresses. */
function coarse(refusal: NetRefusal): string {
  switch (refusal.why) {
    case 'timeout':
      return 'no answer in time (tools.timeout); the call may have had its effect';
    case 'too-large':
      return 'the answer is larger than tools.responseLimit';
    case 'redirect':
      return 'it redirects, which is not followed with a token';
    case 'blocked-address':
    case 'blocked-host':
      return 'its address may not be called (tools.allowedHosts)';
    case 'bad-request':
      return `the request cannot be sent as the document describes it (${refusal.part})`;
    default:
      return 'it could not be reached, or its answer could not be read';
  }
}

function remedy(missing: PassthroughCondition): string {
  const audience = 'Give the source a default_audience (PATCH /api/v1/sources/{id}), the upstream’s client id.';
  switch (missing) {
    case 'door':
      return `${audience} Over MCP a caller’s token is never passed on.`;
    case 'source':
      return `${audience} Or, for REST only, the source must say passthrough: "allowed" and the operator tools.allowPassthrough: true.`;
    case 'operator':
      return `${audience} The source says passthrough: "allowed", but the operator has not set tools.allowPassthrough: true.`;
    default:
      return unreachable(missing);
  }
}
