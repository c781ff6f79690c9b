/** An answer, whole. Any status is an answer: what 404 or 500 mean is for the caller to say. */
export interface FetchedResponse {
  readonly status: number;
  readonly headers: FetchedHeaders;
  /** Decoded bytes, at most `maxBytes` of them. */
  readonly body: Uint8Array;
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
  status: number,
  headers: Record<string, string | string[] | undefined>,
  body: Buffer,
  url: string,
): FetchedResponse {
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
    text() {
      const text = body.toString('utf8');
      return text.startsWith('\ufeff') ? text.slice(1) : text;
    },
    url,
  };
}
