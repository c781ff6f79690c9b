import type { JsonObject } from '@keyturn/protocol';

/** Where a parameter goes. `querystring` (OpenAPI 3.2) is the whole query as one value. */
export type ParameterPlace = 'path' | 'query' | 'header' | 'cookie' | 'querystring';

/** How a value is written into its place. OpenAPI 3.1 §4.8.12.3; `tabDelimited` is the `tsv` of 2.0. */
export type ParameterStyle =
  | 'simple'
  | 'label'
  | 'matrix'
  | 'form'
  | 'spaceDelimited'
  | 'pipeDelimited'
  | 'tabDelimited'
  | 'deepObject'
  | 'cookie';

export interface ToolParameter {
  /** The name of the argument: the parameter's own, unless another has it (see `argumentNames`). */
  readonly argument: string;
  /** The name on the wire. */
  readonly name: string;
  readonly in: ParameterPlace;
  readonly required: boolean;
  readonly style: ParameterStyle;
  readonly explode: boolean;
  readonly allowReserved: boolean;
  /** Given where the value is written as a document of this type (`content` instead of `schema`). */
  readonly contentType?: string;
}

/** How the body is written. `binary` is given as base64. */
export type BodyKind = 'json' | 'form' | 'multipart' | 'text' | 'binary';

export interface PartEncoding {
  readonly contentType?: string;
  readonly style?: ParameterStyle;
  readonly explode?: boolean;
  readonly allowReserved?: boolean;
  /** The value is base64 of the bytes to send. */
  readonly binary?: boolean;
}

export interface ToolBody {
  /** Always `body`. */
  readonly argument: string;
  readonly required: boolean;
  readonly kind: BodyKind;
  readonly contentType: string;
  /** By property, for `form` and `multipart`. */
  readonly encoding?: Readonly<Record<string, PartEncoding>>;
}

/** What calling does, as a client may show it. From the method, unless overridden; a hint and never a permission. */
export interface ToolHints {
  readonly readOnly: boolean;
  readonly destructive: boolean;
  readonly idempotent: boolean;
}

/** One security scheme that the operation names, for the person who sets up how the source is called. */
export interface ToolSecurity {
  readonly scheme: string;
  /** `http`, `apiKey`, `oauth2`, `openIdConnect`, `mutualTLS`, or `unknown` where the document does not say. */
  readonly type: string;
  readonly scopes: readonly string[];
}

/**
 * An operation of an API, ready to be offered and called. Plain data: it is stored as JSON and given to the functions
 * of this package again later, without the document.
 */
export interface Tool {
  /** `slug/operation`, unique within the source and stable as long as the operation keeps its operationId. */
  readonly id: string;
  /** Within `[A-Za-z0-9_-]{1,64}`. */
  readonly mcpName: string;
  readonly sourceSlug: string;
  /** The document's operationId, or one made of method and path. */
  readonly operationId: string;
  readonly title: string | undefined;
  /** Summary and description, at most `maxDescription` characters. */
  readonly description: string;
  readonly tags: readonly string[];
  readonly deprecated: boolean;
  /** In capitals. */
  readonly method: string;
  /** The template, such as `/pizzas/{id}`. */
  readonly path: string;
  /** Absolute, without a slash at the end; undefined if the document names none and has no location. */
  readonly server: string | undefined;
  readonly parameters: readonly ToolParameter[];
  readonly body?: ToolBody;
  /** JSON Schema 2020-12: an object with `properties`, closed. */
  readonly inputSchema: JsonObject;
  /** JSON Schema 2020-12 of the structured result, where a 2xx answer is JSON. */
  readonly outputSchema?: JsonObject;
  /** The answer is no object, so that it is handed out as `{ result: … }`, which is what MCP can carry. */
  readonly wrapsResult: boolean;
  /** What the operation accepts as an answer, for `Accept`. */
  readonly accept: string;
  readonly hints: ToolHints;
  /** Any one list of these is enough; empty: none is needed. */
  readonly security: readonly (readonly ToolSecurity[])[];
  /** Parameters of the document that are never sent, and why (`Host`, `Authorization`, …). */
  readonly ignored: readonly string[];
  /** SHA-256 of all the above, in hex: two tools with one hash are the same. */
  readonly hash: string;
}
