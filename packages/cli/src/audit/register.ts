import { type Command, Option } from 'commander';
import type { Io } from '../io.ts';
import type { ExportFlags, ListFlags, VerifyFlags } from './commands.ts';

const urlFlag = ['--url <url>', 'which Keyturn (default: KEYTURN_URL, else http://localhost:8040)'] as const;
const jsonFlag = ['--json', 'answers for programs'] as const;

/** `keyturn audit …`: read, export and verify what happened. */
export function registerAuditCommands(program: Command, io: Io): void {
  const audit = program.command('audit').description('what happened: read it, export it, verify it offline');
  audit
    .command('list')
    .description('show rows, newest first')
    .option('--actor <identity>', 'who did it')
    .option('--for <identity>', 'on whose behalf')
    .option('--kind <kind>', 'what sort of thing: tool.call, policy.change')
    .option('--target <target>', 'to what')
    .addOption(new Option('--outcome <outcome>', 'with what outcome').choices(['allowed', 'refused', 'failed']))
    .option('--request <id>', 'in which request')
    .option('--from <time>', 'not before, as 2026-11-01T00:00:00Z')
    .option('--to <time>', 'before')
    .option('--limit <n>', 'at most so many', '50')
    .option(...urlFlag)
    .option(...jsonFlag)
    .action(async (flags: ListFlags) => (await import('./commands.ts')).runAuditList(io, flags));
  audit
    .command('export')
    .description('write everything as JSON lines, with signed checkpoints')
    .option('-o, --out <file>', 'into this file (default: standard output)')
    .option('--from <time>', 'only rows from this moment on')
    .option('--to <time>', 'only rows before this moment')
    .option(...urlFlag)
    .addHelpText('after', '\nExample:\n  keyturn audit export -o audit.jsonl && keyturn audit verify audit.jsonl')
    .action(async (flags: ExportFlags) => (await import('./commands.ts')).runAuditExport(io, flags));
  audit
    .command('verify <file>')
    .description('check an export without any server, and name the first broken link: 0 whole, 1 broken')
    .option('--keys <file>', 'the keys to trust: what /api/v1/audit/keys served when you trusted it')
    .option('--checkpoint <hash>', 'a checkpoint that must be there, as an earlier run of this command printed it')
    .option(...jsonFlag)
    .addHelpText('after', '\nExample:\n  keyturn audit verify audit.jsonl --keys keys.json')
    .action(async (file: string, flags: VerifyFlags) =>
      (await import('./commands.ts')).runAuditVerify(io, file, flags),
    );
}
