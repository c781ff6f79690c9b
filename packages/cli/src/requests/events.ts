import { CommandFailure } from '../io.ts';

export interface ServerEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

/** Reads server-sent events until the stream ends or the signal aborts. A refusal of the server is a failure of the command. */
export async function* readEvents(
  url: string,
  token: string,
  last: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<ServerEvent> {
  const headers = {
    authorization: `Bearer ${token}`,
    accept: 'text/event-stream',
    ...(last === undefined ? {} : { 'last-event-id': last }),
  };
  const response = await fetch(url, { headers, signal });
  if (!response.ok || response.body === null) {
    const body: unknown = await response.json().catch(() => undefined);
    const detail = typeof body === 'object' && body !== null ? Reflect.get(body, 'detail') : undefined;
    throw new CommandFailure(typeof detail === 'string' ? detail : `Keyturn answered ${response.status}`);
  }
  let waiting = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const blocks = `${waiting}${chunk}`.split('\n\n');
    waiting = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(
        block.split('\n').map((line): [string, string] => {
          const colon = line.indexOf(': ');
          return colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 2)];
        }),
      );
      const [data, event] = [fields.get('data'), fields.get('event')];
      if (data !== undefined) yield { id: fields.get('id'), event: event ?? 'message', data };
    }
  }
}
