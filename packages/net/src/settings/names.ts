/** A name of an older or other program that sets one of our settings. */
export interface SettingAlias {
  /** An environment variable. `<name>_FILE` is read too. */
  readonly env?: string;
  /** A flag, without its dashes. */
  readonly flag?: string;
  /** A place in the settings file, dotted: what another program's file, or its Helm values, call it. */
  readonly file?: string;
  /** What giving it in a file says of another setting, unless that one is given too. */
  readonly implies?: { readonly path: string; readonly value: unknown };
  /** The setting, dotted: `exchange.clientId`. */
  readonly path: string;
  /**
   * What the text means, where the schema's own reading does not fit. The value undefined sets nothing. A refusal is a
   * message, and must not repeat the text.
   */
  readonly parse?: (text: string) => AliasReading;
}

type AliasReading = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly refusal: string };

/** `auth.jwksUrl` as an environment variable: `KEYTURN_AUTH__JWKS_URL`. */
export function environmentName(prefix: string, path: string): string {
  const segments = path.split('.').map((name) => name.replaceAll(/[A-Z]/g, '_$&').toUpperCase());
  return prefix + segments.join('__');
}

/** `auth.jwksUrl` as a flag, without its dashes: `auth.jwks-url`. */
export function flagName(path: string): string {
  return path.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** All ways to set a setting, for a remedy. */
export function waysToSet(path: string, prefix: string, aliases: readonly SettingAlias[]): string {
  const others = aliases.filter((alias) => alias.path === path);
  return [
    `${path} in the file`,
    environmentName(prefix, path),
    ...others.flatMap(({ env }) => (env === undefined ? [] : [env])),
    `--${flagName(path)}`,
    ...others.flatMap(({ flag }) => (flag === undefined ? [] : [`--${flag}`])),
  ].join(', ');
}
