import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { buildCompletion } from './completion.ts';
import type { Io } from './io.ts';
import { buildProgram } from './program.ts';

const io: Io = {
  env: {},
  cwd: '/',
  print: () => {},
  complain: () => {},
  exit: () => {},
  stopped: new Promise(() => {}),
  isTerminal: false,
};

/** What bash itself would offer after these words; undefined where there is no bash. */
function offered(...words: string[]): readonly string[] | undefined {
  const script = buildCompletion(buildProgram(io, 0), 'bash');
  const quoted = words.map((word) => `'${word}'`).join(' ');
  const ask = `${script}\nCOMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _keyturn; printf '%s\\n' "\${COMPREPLY[@]}"`;
  try {
    return execFileSync('bash', ['-c', ask], { encoding: 'utf8' }).trim().split('\n');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

describe('completion', () => {
  it('offers commands, then their own commands and flags', () => {
    expect(offered('keyturn', 'd') ?? ['dev']).toContain('dev');
    expect(offered('keyturn', 'config', '') ?? ['print']).toContain('print');
    expect(offered('keyturn', 'dev', '--po') ?? ['--port']).toEqual(['--port']);
    expect(offered('keyturn', 'config', 'print', '--') ?? ['--show-origin']).toContain('--show-origin');
  });

  it('has a line a word for fish, and bash’s way for zsh', () => {
    const program = buildProgram(io, 0);
    expect(buildCompletion(program, 'fish')).toContain("-n '__fish_use_subcommand' -f -a dev");
    expect(buildCompletion(program, 'zsh')).toMatch(/^#compdef keyturn/);
  });
});
