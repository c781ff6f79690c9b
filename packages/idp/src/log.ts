/** Where the identity provider reports: one line with its facts. Secrets, tokens and codes are never among them. */
export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  facts?: Readonly<Record<string, unknown>>,
) => void;

/** A logger as the caller has it: facts first, then a sentence. */
export type LineLog = Readonly<Record<Parameters<Log>[0], (facts: object, sentence: string) => void>>;
