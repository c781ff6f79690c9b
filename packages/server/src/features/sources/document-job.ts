import type { GuardedRequest, NetRefusal } from '@keyturn/net';
import { ok, type Result, refuse } from '@keyturn/protocol';
import {
  buildTools,
  type DocumentRefusal,
  keepNames,
  type KnownName,
  type OperationSelector,
  parseDocument,
  type Tool,
} from '@keyturn/tools';
import type { ReadTool } from './settle.ts';

/** What reading a document takes; plain data, so that it can be handed to a thread. */
export interface DocumentJob {
  /** UTF-8. Bytes, since they can be handed over without a copy; the text of them is made where it is read. */
  readonly content: Uint8Array;
  readonly contentType: string | undefined;
  readonly location: string | undefined;
  readonly sourceSlug: string;
  readonly include: readonly OperationSelector[] | undefined;
  readonly exclude: readonly OperationSelector[] | undefined;
  /** What an earlier reading called the operations. */
  readonly known: readonly KnownName[];
}

/** What comes of it; plain data too. */
export interface DocumentReading {
  readonly tools: readonly ReadTool[];
  readonly warnings: readonly string[];
}

/** How files that the document refers to are fetched. The text is all that is needed of an answer. */
export type FetchReference = (
  url: string,
  request: GuardedRequest,
) => Promise<Result<{ readonly status: number; text(): string }, NetRefusal>>;

/** Text in, tools out: what the thread does. */
export async function readDocument(
  job: DocumentJob,
  fetch: FetchReference | undefined,
): Promise<Result<DocumentReading, DocumentRefusal>> {
  const document = await parseDocument({
    text: new TextDecoder().decode(job.content),
    contentType: job.contentType,
    location: job.location,
    fetch: job.location === undefined ? undefined : fetch,
  });
  if (!document.ok) return refuse(document.refusal);
  const built = buildTools(document.value, {
    sourceSlug: job.sourceSlug,
    ...(job.include === undefined ? {} : { include: job.include }),
    ...(job.exclude === undefined ? {} : { exclude: job.exclude }),
  });
  const ignored = built.filter((tool) => tool.ignored.length > 0).length;
  return ok({
    tools: keepNames(built, job.known).map(readToolOf),
    warnings: [
      ...document.value.warnings,
      ...(ignored === 0 ? [] : [`${ignored} operations have parameters that are never sent, such as Authorization.`]),
    ],
  });
}

/** A tool as it is compared and stored. */
export function readToolOf(tool: Tool): ReadTool {
  return {
    operation: tool.operationId,
    mcpName: tool.mcpName,
    method: tool.method,
    path: tool.path,
    origin: tool.server === undefined ? '' : new URL(tool.server).origin,
    hash: tool.hash,
    json: JSON.stringify(tool),
  };
}
