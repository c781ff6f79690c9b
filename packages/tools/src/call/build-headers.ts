import { whyNoHeader } from '../own-headers.ts';
import type { ArgumentFault } from './check-arguments.ts';
import { faultOf, type GivenValue } from './given-value.ts';
import { encodeStrictly, serializePairs, serializeSegment, writeContent } from './serialize.ts';

/** The headers that arguments make, cookies among them; what no argument may set goes to `faults`. */
export function buildHeaders(given: readonly GivenValue[], faults: ArgumentFault[]): Record<string, string> {
  const headers: Record<string, string> = {};
  const cookies: string[] = [];
  for (const [parameter, value] of given) {
    const { name, style, explode, contentType } = parameter;
    if (parameter.in === 'header') {
      // Tools come back from a store: what they may set is decided again here.
      if (whyNoHeader(name) !== undefined) {
        faults.push(faultOf(parameter, `is the header ${JSON.stringify(name)}, which no argument may set`));
        continue;
      }
      headers[name.toLowerCase()] =
        contentType === undefined
          ? serializeSegment(name, value, { style, explode, encode: (text) => text }).trim()
          : writeContent(value, contentType);
    } else if (parameter.in === 'cookie') {
      const text = contentType === undefined ? value : writeContent(value, contentType);
      for (const [key, encoded] of serializePairs(name, text, { style, explode, encode: encodeStrictly })) {
        cookies.push(`${key}=${encoded}`);
      }
    }
  }
  if (cookies.length > 0) headers['cookie'] = cookies.join('; ');
  return headers;
}
