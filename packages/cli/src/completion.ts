import type { Command } from 'commander';

export type Shell = 'bash' | 'zsh' | 'fish';

/** One command as completion needs it: the words that lead to it, and what may follow. */
interface Node {
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly about: string }[];
}

/** The completion script of a shell, made from the commands themselves. `source <(keyturn completion bash)`. */
export function buildCompletion(program: Command, shell: Shell): string {
  const nodes = [...walk(program, '')];
  switch (shell) {
    case 'bash':
      return bash(nodes);
    case 'zsh':
      return `#compdef keyturn\nautoload -U +X bashcompinit && bashcompinit\n${bash(nodes)}`;
    case 'fish':
      return fish(nodes);
  }
}

function* walk(command: Command, path: string): Generator<Node> {
  const words = [
    ...command.commands.map((child) => ({ word: child.name(), about: child.description() })),
    ...command.options.flatMap((option) =>
      option.long === undefined || option.hidden ? [] : [{ word: option.long, about: option.description }],
    ),
    { word: '--help', about: 'show help' },
  ];
  yield { path, words };
  for (const child of command.commands) yield* walk(child, path === '' ? child.name() : `${path} ${child.name()}`);
}

function bash(nodes: readonly Node[]): string {
  const cases = nodes.map(({ path, words }) => `    "${path}") words="${words.map(({ word }) => word).join(' ')}" ;;`);
  return `_keyturn() {
  local current=\${COMP_WORDS[COMP_CWORD]} path="" word words=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _keyturn keyturn
`;
}

function fish(nodes: readonly Node[]): string {
  const lines = nodes.flatMap(({ path, words }) => {
    const seen = path === '' ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${path.split(' ').at(-1) ?? ''}`;
    return words.map(({ word, about }) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`;
      return `complete -c keyturn -n '${seen}' ${what} -d '${about.replaceAll("'", '’')}'`;
    });
  });
  return `${lines.join('\n')}\n`;
}
