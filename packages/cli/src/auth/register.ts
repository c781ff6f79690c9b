import type { Command } from 'commander';
import type { Io } from '../io.ts';
import type { LoginFlags } from './commands.ts';

const urlFlag = ['--url <url>', 'which Keyturn (default: KEYTURN_URL, else http://localhost:8040)'] as const;

/** `keyturn auth …`: log in, and hand the access token to other programs. */
export function registerAuthCommands(program: Command, io: Io): void {
  const auth = program.command('auth').description('log in to a Keyturn');
  auth
    .command('login')
    .description('log in, by device code or with --web in a browser on this machine')
    .option(...urlFlag)
    .option('--web', 'catch the answer on a loopback port (code flow with PKCE)')
    .option('--issuer <url>', 'the identity provider (default: asked of Keyturn)')
    .option('--client-id <id>', 'the public client to log in by (default: asked of Keyturn)')
    .option(
      '--scope <scope>',
      'ask for this scope too (repeatable)',
      (one, all: readonly string[]) => [...all, one],
      [],
    )
    .addHelpText(
      'after',
      '\nExamples:\n  keyturn auth login\n  keyturn auth login --web --url https://keyturn.example.com',
    )
    .action(async (flags: LoginFlags) => (await import('./commands.ts')).runLogin(io, flags));
  auth
    .command('token')
    .description('print an access token, renewed if need be')
    .option(...urlFlag)
    .addHelpText(
      'after',
      '\nExample:\n  curl -H "Authorization: Bearer $(keyturn auth token)" http://localhost:8040/api/v1/tools',
    )
    .action(async (flags: { url?: string }) => (await import('./commands.ts')).runAuthToken(io, flags));
  auth
    .command('status')
    .description('show who is logged in where')
    .option('--json', 'as JSON')
    .action(async (flags: { json?: boolean }) => (await import('./commands.ts')).runStatus(io, flags));
  auth
    .command('logout')
    .description('end the session and forget it')
    .option(...urlFlag)
    .action(async (flags: { url?: string }) => (await import('./commands.ts')).runLogout(io, flags));
}
