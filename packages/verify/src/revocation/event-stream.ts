/** One event of a stream of server-sent events, or one comment. WHATWG HTML §9.2. */
export type StreamItem =
  | { readonly kind: 'event'; readonly name: string; readonly data: string; readonly id: string | undefined }
  | { readonly kind: 'comment' };

/** Longer lines and events are no revocations; a stream that has one is given up. */
const maxLength = 64 * 1024;

/**
 * Reads the bytes of an event stream as they come, cut anywhere. Throws a RangeError on a line or event that is too
 * long, and a TypeError on bytes that are not UTF-8.
 */
export async function* readEventStream(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<StreamItem> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  let name = '';
  let data: string[] = [];
  let id: string | undefined;
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    // A final CR may be half of a CR LF, so it waits for the next chunk.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    if (rest.length > maxLength) throw new RangeError('a line of the stream is too long');
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield { kind: 'event', name: name || 'message', data: data.join('\n'), id };
        name = '';
        data = [];
        continue;
      }
      const [field, value] = fieldOf(line);
      if (field === '') yield { kind: 'comment' };
      else if (field === 'event') name = value;
      else if (field === 'data') data.push(value);
      else if (field === 'id' && !value.includes('\0')) id = value;
      if (data.length > 64) throw new RangeError('an event of the stream is too long');
    }
  }
}

function fieldOf(line: string): readonly [field: string, value: string] {
  const colon = line.indexOf(':');
  if (colon === -1) return [line, ''];
  const value = line.slice(colon + 1);
  return [line.slice(0, colon), value.startsWith(' ') ? value.slice(1) : value];
}
