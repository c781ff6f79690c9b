import { explainRecipes, parseRealmDeclaration, recipes, showRealmFileFault } from '@keyturn/realm';
import { CommandFailure, type Io } from '../io.ts';
import type { FileFlags } from './flags.ts';
import { readRealmFileAsWritten } from './realm-file.ts';

/** Options that stand for what a person would give, for `explain RECIPE` without a file. */
const examples: Readonly<Record<string, object>> = {
  agent: { clientId: 'aip-agent-1', secret: '${AGENT_SECRET}' },
  reviewer: { clientId: 'aip-reviewer-1', secret: '${REVIEWER_SECRET}' },
  'token-exchange': { upstreams: ['pizzeria-backend'] },
  'login-client': {
    redirectUris: ['${APP_URL}/*'],
    backchannelLogoutUrl: 'https://app.example.com/backchannel-logout',
  },
  mcp: { url: 'https://tools.example.com/mcp', scopes: ['mcp:tools'] },
};

/** `keyturn realm explain`: a file's recipes, or one by name. Needs no server and no secrets. */
export async function runExplain(io: Io, recipe: string | undefined, flags: FileFlags): Promise<void> {
  const { used } = recipe === undefined ? readRealmFileAsWritten(io, flags.file) : exampleOf(recipe);
  if (flags.json === true) io.print(JSON.stringify(used));
  else
    io.print(
      used.length > 0
        ? explainRecipes(used)
        : `${flags.file} uses no recipes. There are:\n${recipes.map(({ name, summary }) => `  ${name}: ${summary}`).join('\n')}`,
    );
}

function exampleOf(recipe: string) {
  const text = JSON.stringify({ realm: 'example', recipes: [{ [recipe]: examples[recipe] ?? {} }] });
  const parsed = parseRealmDeclaration(text, { path: 'example', env: {}, unresolved: 'as-written' });
  if (parsed.ok) return parsed.value;
  throw new CommandFailure(
    parsed.refusal
      .map((fault) => showRealmFileFault(fault).replace(/^example:\d+:\d+: recipes\[0\]: /, `${recipe}: `))
      .join('\n'),
  );
}
