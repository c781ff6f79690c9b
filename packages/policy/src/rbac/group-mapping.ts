/** Which groups of the identity provider give which roles, as the setting has it: a pattern, and one role or several. */
export type GroupMapping = Readonly<Record<string, string | readonly string[]>>;

/** A role that groups give, with those groups. */
export interface MappedRole {
  readonly role: string;
  /** As the identity provider names them, sorted; at most a few, since they are for people to read. */
  readonly via: readonly string[];
}

/** The roles that somebody's groups give, in the order of names. */
export type MapGroups = (groups: Iterable<string>) => readonly MappedRole[];

const shownGroups = 5;

/**
 * Prepares a mapping. Patterns and groups are compared character by character, so that look-alikes are others:
 * - `/staff/editors` is that full path. Who is in `/staff/editors/night` is in it too, unless `nested` is false.
 * - `editors` is a top-level group, whether the claim has full paths (`/editors`) or bare names (`editors`); a subgroup
 *   of that name somewhere else is another group.
 * - `*` stands for anything within one name (`/staff/*`, `team-*`); `/**` at the end for one name or more.
 */
export function compileGroupMapping(mapping: GroupMapping, options: { readonly nested: boolean }): MapGroups {
  const exact = new Map<string, readonly string[]>();
  const patterns: { readonly fits: RegExp; readonly roles: readonly string[] }[] = [];
  for (const [pattern, given] of Object.entries(mapping)) {
    const roles = typeof given === 'string' ? [given] : given;
    const path = pattern.startsWith('/') ? pattern : `/${pattern}`;
    if (path.includes('*')) patterns.push({ fits: expressionOf(path), roles });
    else exact.set(path, [...(exact.get(path) ?? []), ...roles]);
  }
  const rolesOf = (path: string): readonly string[] => [
    ...(exact.get(path) ?? []),
    ...patterns.filter(({ fits }) => fits.test(path)).flatMap(({ roles }) => roles),
  ];
  return (groups) => {
    const found = new Map<string, Set<string>>();
    for (const group of groups) {
      const isPath = group.startsWith('/');
      // A bare name with a slash in it is no path: whoever may name a group would else choose where it stands.
      if (!isPath && group.includes('/')) continue;
      const path = isPath ? group : `/${group}`;
      for (const one of options.nested ? withParents(path) : [path]) {
        for (const role of rolesOf(one)) {
          const via = found.get(role);
          if (via === undefined) found.set(role, new Set([group]));
          else via.add(group);
        }
      }
    }
    return [...found]
      .map(([role, via]) => ({ role, via: [...via].toSorted().slice(0, shownGroups) }))
      .sort((a, b) => (a.role < b.role ? -1 : 1));
  };
}

/** Roles that a mapping names, with the first pattern that does. */
export function rolesOfMapping(mapping: GroupMapping): ReadonlyMap<string, string> {
  const roles = new Map<string, string>();
  for (const [pattern, given] of Object.entries(mapping)) {
    for (const role of typeof given === 'string' ? [given] : given) if (!roles.has(role)) roles.set(role, pattern);
  }
  return roles;
}

/** `/a/b/c`, `/a/b`, `/a`; a path with an empty name in it only itself, since its names cannot be told apart. */
function withParents(path: string): readonly string[] {
  if (path.includes('//') || path.endsWith('/') || path.length > longestPath) return [path];
  const paths = [path];
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) paths.push(path.slice(0, end));
  return paths;
}

/** Beyond this nobody's groups go, and the work for one path would grow with the square of its length. */
const longestPath = 1024;

function expressionOf(path: string): RegExp {
  const deep = path.endsWith('/**');
  const source = (deep ? path.slice(0, -3) : path)
    .split('/')
    .map((name) => (name === '*' ? '[^/]+' : name.split(/\*+/).map(escape).join('[^/]*')))
    .join('/');
  return new RegExp(`^${source}${deep ? '(?:/[^/]+)+' : ''}$`, 'su');
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
}
