import { $RefParser, type ParserOptions } from '@apidevtools/json-schema-ref-parser';
import type { GuardedRequest, NetRefusal } from '@keyturn/net';
import { explainNetRefusal } from '@keyturn/net';
import { isJsonObject, type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import { findReferences } from './check-references.ts';
import type { DocumentFault, Path } from './document-fault.ts';
import { documentLimits } from './limits.ts';
import { readText } from './read-text.ts';

/** How the files that a document refers to are fetched; `GuardedFetch` of @keyturn/net fits. */
export type ReferenceFetch = (
  url: string,
  request: GuardedRequest,
) => Promise<Result<{ readonly status: number; text(): string }, NetRefusal>>;

/**
 * The document with the files that it refers to taken into it, so that every reference becomes a local one. Only files
 * of the document's own origin are fetched, at most `maxFiles`, and never from a disk.
 */
export async function bundleReferences(
  root: JsonObject,
  source: { readonly location: string | undefined; readonly fetch: ReferenceFetch | undefined },
): Promise<Result<JsonObject, DocumentFault>> {
  const outside = [...findReferences(root)].filter(({ ref }) => !ref.startsWith('#'));
  const [first] = outside;
  if (first === undefined) return ok(root);
  for (const { ref, path } of outside) {
    const reason = whyNotFetched(ref, source.location);
    if (reason !== undefined) return refuse(referenceFault(ref, reason, path));
  }
  if (source.fetch === undefined || source.location === undefined) {
    return refuse(referenceFault(first.ref, 'lies outside of the document', first.path));
  }
  const { options, failure } = createOptions(source.location, source.fetch);
  try {
    // It changes what it is given, so it is given a copy.
    const bundled: unknown = await new $RefParser().bundle(source.location, structuredClone(root), options);
    if (isJsonObject(bundled)) return ok(bundled);
  } catch (error) {
    const message = failure() ?? (error instanceof Error ? error.message.slice(0, 300) : 'it cannot be read');
    return refuse({ why: 'reference', message: `a file that is referred to: ${message}`, path: first.path });
  }
  return refuse({ why: 'reference', message: 'with its references it is no object', path: [] });
}

/** The most files that one document may be spread over. */
const maxFiles = 50;

function whyNotFetched(ref: string, location: string | undefined): string | undefined {
  if (location === undefined || !/^https?:/.test(location)) return 'lies outside of the document';
  if (!URL.canParse(ref, location)) return 'is no address';
  const { origin } = new URL(ref, location);
  return origin === new URL(location).origin ? undefined : 'lies at another origin than the document';
}

function createOptions(location: string, fetch: ReferenceFetch) {
  let files = 0;
  let left: number = documentLimits.bytes;
  let failed: string | undefined;
  const fail = (message: string): never => {
    failed ??= message;
    throw new Error(message);
  };
  const read = async ({ url }: { readonly url: string }): Promise<string> => {
    const reason = whyNotFetched(url, location);
    if (reason !== undefined) return fail(`"${url.slice(0, 200)}" ${reason}`);
    files += 1;
    if (files > maxFiles) return fail(`more than ${maxFiles} of them`);
    const answer = await fetch(url, {
      redirect: 'error',
      headers: { accept: 'application/json, application/yaml, */*;q=0.1' },
    });
    if (!answer.ok) return fail(explainNetRefusal(answer.refusal));
    if (answer.value.status !== 200) return fail(`"${url.slice(0, 200)}" answered ${answer.value.status}`);
    const text = answer.value.text();
    left -= Buffer.byteLength(text);
    return left < 0 ? fail(`more than ${documentLimits.bytes} bytes together`) : text;
  };
  const parse = ({ data, url }: { readonly data: unknown; readonly url: string }): JsonObject => {
    const text = readText(String(data));
    return text.ok ? text.value.value : fail(`"${url.slice(0, 200)}" is neither JSON nor YAML`);
  };
  const options: ParserOptions = {
    resolve: { file: false, http: false, guarded: { order: 1, canRead: true, read } },
    parse: { json: false, yaml: false, text: false, binary: false, limited: { order: 1, canParse: true, parse } },
  };
  return { options, failure: () => failed };
}

function referenceFault(ref: string, reason: string, path: Path): DocumentFault {
  return { why: 'reference', message: `"${ref.slice(0, 200)}" ${reason}`, path: [...path, '$ref'] };
}
