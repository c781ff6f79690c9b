import type { ParameterPlace } from '../tool.ts';

const order: readonly ParameterPlace[] = ['path', 'query', 'querystring', 'header', 'cookie'];

/**
 * What each parameter's argument is called: as the parameter itself. Where several places have a parameter of one name,
 * the first of path, query, header, cookie keeps it and the others are called `query_name`, `header_name`,
 * `cookie_name`; `body` belongs to the body if there is one.
 */
export function argumentNames(
  parameters: readonly { readonly name: string; readonly place: ParameterPlace }[],
  hasBody: boolean,
): readonly string[] {
  const taken = new Set(hasBody ? ['body'] : []);
  const names: string[] = [];
  const inOrder = [...parameters.entries()].sort(([, a], [, b]) => order.indexOf(a.place) - order.indexOf(b.place));
  for (const [index, { name, place }] of inOrder) {
    let argument = taken.has(name) ? `${place}_${name}` : name;
    while (taken.has(argument)) argument = `${argument}_`;
    taken.add(argument);
    names[index] = argument;
  }
  return names;
}
