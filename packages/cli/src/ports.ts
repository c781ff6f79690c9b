import { CommandFailure } from './io.ts';

/** A listening port by name, and how to choose another one. */
export interface PortName {
  readonly what: string;
  readonly port: number;
  readonly flag: string;
}

/** Runs `listen`; a taken or forbidden port becomes one clear line that names it and the way out. */
export async function listenOrSay<Value>(name: PortName, listen: () => Promise<Value>): Promise<Value> {
  try {
    return await listen();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EADDRINUSE') {
      throw new CommandFailure(
        `Port ${name.port} is taken, and ${name.what} wants it. Choose another: npm start -- ${name.flag} ${suggest(name.port)}`,
      );
    }
    if (code === 'EACCES') {
      throw new CommandFailure(
        `Port ${name.port} may not be used by this user (${name.what}). Choose another: ${name.flag} ${suggest(name.port + 8000)}`,
      );
    }
    throw error;
  }
}

function suggest(port: number): number {
  return port + 100 <= 65_535 ? port + 100 : 8140;
}
