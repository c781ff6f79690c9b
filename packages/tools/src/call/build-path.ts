import type { ArgumentFault } from './check-arguments.ts';
import { faultOf, type GivenValue } from './given-value.ts';
import { encodeStrictly, serializeSegment } from './serialize.ts';

/** The path, and the query that the path itself brings along (`/x?action=list`): no legal OpenAPI, but in use. */
interface Target {
  readonly path: string;
  readonly query: string;
}

function splitOnce(text: string, divider: string): readonly [string, string] {
  const at = text.indexOf(divider);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** The path with its places filled in; what would make another path of it goes to `faults`. */
export function buildPath(template: string, given: readonly GivenValue[], faults: ArgumentFault[]): Target {
  const texts = new Map<string, string>();
  for (const [parameter, value] of given) {
    if (parameter.in !== 'path') continue;
    const { name, style, explode, contentType } = parameter;
    const text =
      contentType === undefined
        ? serializeSegment(name, value, { style, explode, encode: encodeStrictly })
        : encodeStrictly(JSON.stringify(value));
    if (text === '') faults.push(faultOf(parameter, 'must not be empty, for it stands in the path'));
    else if (climbs(text)) faults.push(faultOf(parameter, 'must not hold "." or ".." as a path segment'));
    texts.set(name, text);
  }
  // Some documents tell operations of one path apart by a fragment, which is never sent.
  const [sent = ''] = template.split('#');
  const filled = sent.replaceAll(/\{([^{}]+)\}/g, (whole, name: string) => texts.get(name) ?? encodeStrictly(whole));
  const [path, query] = splitOnce(filled, '?');
  // Two arguments in one segment could make up together what neither is alone.
  if (faults.length === 0 && path.split('/').some(climbs)) {
    faults.push({ pointer: '', message: 'make a path segment "." or ".."' });
  }
  return { path, query };
}

/** Whether an upstream that decodes once, twice or three times would see a segment that means another directory. */
function climbs(encoded: string): boolean {
  // Whatever climbs has a dot in it, or hides one: nearly all that is given has neither.
  if (!/[.%]/.test(encoded)) return false;
  let text = encoded;
  for (let times = 0; times < 4; times += 1) {
    if (text.split(/[/\\]/).some((segment) => /^\.{1,2}(;.*)?$/.test(segment))) return true;
    const decoded = text.replaceAll(/%[0-9a-fA-F]{2}/g, (code) =>
      String.fromCharCode(Number.parseInt(code.slice(1), 16)),
    );
    if (decoded === text) return false;
    text = decoded;
  }
  return false;
}
