import { unreachable } from '@keyturn/protocol';

/** Where the value of a setting came from. */
export type Place =
  | { readonly from: 'flag'; readonly name: string }
  | { readonly from: 'environment'; readonly name: string }
  /** A file that an environment variable `…_FILE` names, as mounted secrets come. */
  | { readonly from: 'secret-file'; readonly name: string; readonly path: string }
  | { readonly from: 'file'; readonly path: string; readonly line: number; readonly column: number };

/** As `config print --show-origin` and the faults show it: a `SettingOrigin`. */
export function describePlace(origin: Place): string {
  switch (origin.from) {
    case 'flag':
      return `--${origin.name}`;
    case 'environment':
      return origin.name;
    case 'secret-file':
      return `${origin.name} (${origin.path})`;
    case 'file':
      return `${origin.path}:${origin.line}:${origin.column}`;
    default:
      return unreachable(origin);
  }
}

/** A value for one setting, from one place. */
export interface Assignment {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly origin: Place;
}

/** What a reader of one source found wrong. */
export interface FoundFault {
  readonly path: string;
  readonly message: string;
  readonly origin: Place | undefined;
  readonly remedy: string;
}
