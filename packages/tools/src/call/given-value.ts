import type { Json } from '@keyturn/protocol';
import type { ToolParameter } from '../tool.ts';
import type { ArgumentFault } from './check-arguments.ts';
import { dividerOf } from './serialize.ts';

/** A parameter and what a call gives for it. */
export type GivenValue = readonly [ToolParameter, Json];

/** Text that can be written and read again as what it was: whole characters, no bare divider, in a header no line break. */
export function checkText(parameter: ToolParameter, value: Json): ArgumentFault | undefined {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (!text.isWellFormed()) return faultOf(parameter, 'holds half of a character (a lone surrogate)');
  const divider = typeof value === 'object' && value !== null ? bareDivider(parameter) : undefined;
  if (divider !== undefined && someText(value, (part) => part.includes(divider))) {
    return faultOf(parameter, `must not hold ${JSON.stringify(divider)} within an item, for it divides the items`);
  }
  if (parameter.in !== 'header' || !someText(value, (part) => !/^[\x20-\x7e\t]*$/.test(part))) return undefined;
  return faultOf(parameter, 'must be printable ASCII without line breaks, for it goes into a header');
}

/** What divides items in a style that has no way to write that character within one; undefined where encoding protects it. */
function bareDivider({ in: place, style, explode, contentType }: ToolParameter): string | undefined {
  if (contentType !== undefined) return undefined;
  if (style === 'label' && explode) return '.';
  const divider = dividerOf(style);
  return divider === ',' && place !== 'header' ? undefined : divider;
}

function someText(value: Json | undefined, test: (text: string) => boolean): boolean {
  if (typeof value === 'string') return test(value);
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some((item: Json) => someText(item, test));
  return Object.entries(value).some(([key, member]) => test(key) || someText(member, test));
}

/** A fault of the argument that this parameter is given by. */
export function faultOf(parameter: ToolParameter, message: string): ArgumentFault {
  return { pointer: `/${parameter.argument.replaceAll('~', '~0').replaceAll('/', '~1')}`, message };
}
