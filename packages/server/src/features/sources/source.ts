import type { SourceId } from '@keyturn/protocol';
import type { OperationSelector, ToolHints } from '@keyturn/tools';

/**
 * How Keyturn shows itself to the upstream.
 *
 * - `exchange`: the caller's token, exchanged for `default_audience` and `required_scopes` (RFC 8693).
 * - `passthrough`: the caller's own token. REST only, and only with `tools.allowPassthrough`.
 * - `client-credentials`: a token of Keyturn's own (RFC 6749 §4.4), so that the upstream sees one client and no users.
 * - `api-key`: a fixed secret in a header or in the query.
 * - `none`: nothing.
 */
export type SourceAuth =
  | { readonly kind: 'exchange' }
  | { readonly kind: 'passthrough' }
  | {
      readonly kind: 'client-credentials';
      readonly clientId?: string | undefined;
      readonly tokenUrl?: string | undefined;
    }
  | { readonly kind: 'api-key'; readonly in: 'header' | 'query'; readonly name: string; readonly prefix: string }
  | { readonly kind: 'none' };

/** What people say of a source: what they give when they register it, and change by PATCH. */
export interface SourceDefinition {
  /** First half of its tools' ids; unique, and never another. */
  readonly slug: string;
  readonly name: string;
  /** `openapi`: operations of a document. `mcp`: the tools of an MCP server (streamable HTTP). */
  readonly sourceType: 'openapi' | 'mcp';
  /** Where the document is fetched, or the MCP endpoint. Undefined where the document was uploaded. */
  readonly url: string | undefined;
  /** Called instead of the servers that the document names. */
  readonly serverUrl: string | undefined;
  readonly description: string | undefined;
  /** The upstream's client id at the identity provider; the caller's token is exchanged for it. */
  readonly defaultAudience: string | undefined;
  readonly requiredScopes: readonly string[];
  /** Whether the caller's own token may be sent to it where there is no audience. Needs tools.allowPassthrough too. */
  readonly passthrough: 'forbidden' | 'allowed';
  /** Undefined: what seed 003 says, by `defaultAudience`. */
  readonly auth: SourceAuth | undefined;
  readonly include: readonly OperationSelector[] | undefined;
  readonly exclude: readonly OperationSelector[] | undefined;
  /** By operation id: what a person knows better than the method. */
  readonly hints: Readonly<Record<string, Partial<ToolHints>>>;
  /** Whether tools that a re-sync finds new or changed are offered at once, or stay off until a person accepts them. */
  readonly review: 'auto' | 'review';
  /** Seconds between two re-syncs; 0: only by call. Undefined: tools.resyncInterval. */
  readonly syncInterval: number | undefined;
  readonly enabled: boolean;
  /** The secret of `auth`, sealed. */
  readonly sealedSecret: string | undefined;
}

/** What the last reading came to. */
export interface LastSync {
  readonly at: number;
  readonly outcome: 'unchanged' | 'changed' | 'failed';
  /** Of a failure: the code that a call would have answered, and its sentence. */
  readonly code?: string | undefined;
  readonly detail?: string | undefined;
}

/** How it has gone with a source: written by syncs, never by people. */
export interface SourceState {
  readonly lastSync: LastSync | undefined;
  /** Syncs that failed since the last that did not. */
  readonly failures: number;
  /** Of the document: what is not as it should be, but does no harm. */
  readonly warnings: readonly string[];
  /** SHA-256 over the tools; changes when the upstream's document does. */
  readonly inventoryHash: string;
  /** The document that the tools are of, where a sync may ask whether it is still the same. */
  readonly readFrom?: ReadDocument | undefined;
}

/** A document that was read: its ETag (RFC 9110 §8.8.3), and the version of Keyturn that made tools of it. */
export interface ReadDocument {
  readonly etag: string;
  readonly by: string;
}

/** An upstream whose operations are tools. Names as in seed 003. */
export interface Source extends SourceDefinition, SourceState {
  readonly id: SourceId;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly createdBy: string;
  /** Changes whenever the source or one of its tools does. */
  readonly revision: number;
}

/** How many of a source's tools are in which state. `inventory` is all but those that the source no longer has. */
export interface ToolCounts {
  readonly inventory: number;
  readonly offered: number;
  readonly disabled: number;
  readonly added: number;
  readonly changed: number;
  readonly gone: number;
}
