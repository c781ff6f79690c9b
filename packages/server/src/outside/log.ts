import { type DestinationStream, pino } from 'pino';

/** The part of a logger that Keyturn uses: facts first, then a sentence. */
export interface Log {
  debug(facts: object, sentence: string): void;
  info(facts: object, sentence: string): void;
  warn(facts: object, sentence: string): void;
  error(facts: object, sentence: string): void;
}

/**
 * JSON lines on `destination` (standard error by default, so that standard output stays for answers). Members whose
 * names promise a secret are removed even if somebody logs them by mistake; the code never passes them on purpose.
 */
export function createLog(options: { level: string; destination?: DestinationStream }): Log {
  const names = [
    'authorization',
    'cookie',
    'token',
    'access_token',
    'refresh_token',
    'client_secret',
    'password',
    'secret',
  ];
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: names.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[removed]' },
    },
    options.destination ?? pino.destination({ dest: 2, sync: true }),
  );
}
