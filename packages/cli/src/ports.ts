import { CommandFailure } from './io.ts';

/** A listening port by name, and the flag that chooses another one. */
export interface PortName {
  readonly what: string;
  readonly port: number;
  readonly flag: string;
}

/**
 * Runs `listen`, which takes these ports. A taken or forbidden one becomes one clear line that names it and the way
 * out; `command` is what the user typed, for that line.
 */
export async function listenOrSay<Value>(
  command: string,
  names: readonly [PortName, ...PortName[]],
  listen: () => Promise<Value>,
): Promise<Value> {
  try {
    return await listen();
  } catch (error) {
    const { code, port } = readListenError(error);
    const name = names.find((candidate) => candidate.port === port) ?? names[0];
    const other = `Choose another: ${command} ${name.flag} ${suggest(name.port)}`;
    if (code === 'EADDRINUSE') {
      throw new CommandFailure(`Port ${name.port} is taken, and ${name.what} wants it. ${other}`);
    }
    if (code === 'EACCES') {
      throw new CommandFailure(`Port ${name.port} may not be used by this user (${name.what}). ${other}`);
    }
    throw error;
  }
}

function readListenError(error: unknown): { readonly code: unknown; readonly port: unknown } {
  if (!(error instanceof Error)) return { code: undefined, port: undefined };
  return { code: 'code' in error ? error.code : undefined, port: 'port' in error ? error.port : undefined };
}

/** Another port nearby, and not one that needs rights of its own. */
function suggest(port: number): number {
  if (port < 1024) return port + 8000;
  return port + 100 <= 65_535 ? port + 100 : 8140;
}
