/** An answer, whole unless `isCut`. Any status is an answer: what 404 or 500 mean is for the caller to say. */
export interface FetchedResponse {
  readonly status: number;
  readonly headers: FetchedHeaders;
  /** Decoded bytes, at most `maxBytes` of them. */
  readonly body: Uint8Array;
  /** That more was sent than `maxBytes`, and `oversize: 'cut'` was asked for. */
  readonly isCut?: boolean;
  /** The body as UTF-8, without a byte order mark; bytes that are not UTF-8 become U+FFFD. */
  text(): string;
  /** The address that answered, after any redirects. Holds the query, so it does not belong in a log. */
  readonly url: string;
}

/** The part of the platform's `Headers` that readers of answers need; a `Headers` fits where this is asked for. */
export interface FetchedHeaders {
  /** The value, several joined by `, `; null if the header is not there. The name's case does not matter. */
  get(name: string): string | null;
}

/** Wraps what undici parsed: lower-case names, several values as an array. */
export function buildResponse(
  answer: {
    readonly status: number;
    readonly headers: Record<string, string | string[] | undefined>;
    readonly body: Buffer;
    readonly isCut: boolean;
  },
  url: string,
): FetchedResponse {
  const { status, headers, body, isCut } = answer;
  return {
    status,
    headers: {
      get(name) {
        const key = name.toLowerCase();
        const value = Object.hasOwn(headers, key) ? headers[key] : undefined;
        return value === undefined ? null : typeof value === 'string' ? value : value.join(', ');
      },
    },
    body,
    isCut,
    text() {
      const text = body.toString('utf8');
      return text.startsWith('\ufeff') ? text.slice(1) : text;
    },
    url,
  };
}
