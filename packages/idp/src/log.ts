/** Where the identity provider reports: one line with its facts. Secrets, tokens and codes are never among them. */
export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  facts?: Readonly<Record<string, unknown>>,
) => void;
