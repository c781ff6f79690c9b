/** What a command may touch of the process. Only main.ts makes one; tests make their own. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Answers, for people or programs: standard output. */
  readonly print: (text: string) => void;
  /** Progress, warnings and errors: standard error. */
  readonly complain: (text: string) => void;
  /** The exit status that the process will end with. */
  readonly exit: (status: number) => void;
  /** Resolves when the user asks to stop (Ctrl-C, SIGTERM). */
  readonly stopped: Promise<string>;
  readonly isTerminal: boolean;
}

/** A command that cannot go on says one clear sentence and leaves with this status. */
export class CommandFailure extends Error {
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}
