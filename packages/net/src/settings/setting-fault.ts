/** Where a value came from, in words: `--flag`, `KEYTURN_AUTH__ISSUER`, `keyturn.yaml:3:5`, `default`. */
export type SettingOrigin = string;

/** What is wrong with the settings, in one place. Holds no value, since a value may be a secret. */
export interface SettingFault {
  /** Dotted, as in the file: `auth.issuer`. Empty if it is about no setting. */
  readonly path: string;
  readonly message: string;
  /** Undefined if nothing was given. */
  readonly origin: SettingOrigin | undefined;
  /** What to do about it. */
  readonly remedy: string;
}

/** One line for an operator: where, what, and what to do. */
export function explainSettingFault({ path, origin, message, remedy }: SettingFault): string {
  const where = path === '' || origin === undefined ? `${path}${origin ?? ''}` : `${path} (${origin})`;
  return `${where === '' ? '' : `${where}: `}${message}; ${remedy}`;
}
