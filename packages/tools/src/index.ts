/**
 * An OpenAPI document in; tools and outbound requests out. It knows no transport, no token and no store: whoever uses it
 * fetches the document, keeps the tools (they are plain data), adds the credentials and sends the request.
 *
 * The path: `parseDocument` reads and checks the text (folder `document`), `buildTools` makes a tool of each operation
 * (`catalogue`), `checkArguments` and `buildRequest` turn a call into a request, and `readResponse` turns the answer into
 * a result (`call`). `tool.ts` says what a tool is; read it first.
 */
export type { ArgumentFault } from './call/check-arguments.ts';
export { checkArguments, checkResult } from './call/check-arguments.ts';
export type { BuildRefusal, OutboundRequest } from './call/build-request.ts';
export { buildRequest } from './call/build-request.ts';
export type { ReadOptions, ToolResult, UpstreamResponse } from './call/read-response.ts';
export { readResponse } from './call/read-response.ts';
export type { BuildOptions } from './catalogue/build-tools.ts';
export { buildTools, maxDescription } from './catalogue/build-tools.ts';
export type { ToolChanges } from './catalogue/diff-tools.ts';
export { diffTools, differingParts } from './catalogue/diff-tools.ts';
export type { KnownName } from './catalogue/keep-names.ts';
export { keepNames } from './catalogue/keep-names.ts';
export { hashJson } from './catalogue/canonical-json.ts';
export { nameForMcp } from './catalogue/names.ts';
export type { OperationSelector, Selectable } from './catalogue/select.ts';
export { selects } from './catalogue/select.ts';
export type { DocumentRefusal, Place } from './document/document-refusal.ts';
export { explainDocumentRefusal } from './document/document-refusal.ts';
export { documentLimits } from './document/limits.ts';
export type { OpenApiDocument } from './document/openapi-document.ts';
export type { DocumentSource } from './document/parse-document.ts';
export { parseDocument } from './document/parse-document.ts';
export type {
  BodyKind,
  ParameterPlace,
  ParameterStyle,
  PartEncoding,
  Tool,
  ToolBody,
  ToolHints,
  ToolParameter,
  ToolSecurity,
} from './tool.ts';
