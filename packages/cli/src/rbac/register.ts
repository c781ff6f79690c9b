import { type Command, Option } from 'commander';
import type { Io } from '../io.ts';
import type { ServerFlags } from '../ask.ts';
import type { ModelFlags, NewReviewFlags, WhoFlags } from './flags.ts';

const urlFlag = ['--url <url>', 'which Keyturn (default: KEYTURN_URL, else http://localhost:8040)'] as const;
const jsonFlag = ['--json', 'answers for programs'] as const;
const many = (one: string, all: readonly string[]): readonly string[] => [...all, one];

/** `keyturn rbac …`: roles as a document, reviews of who may what, and access review campaigns. */
export function registerRbacCommands(program: Command, io: Io): void {
  const rbac = program.command('rbac').description('roles: plan and apply them, ask who may what, review who has what');
  registerModel(rbac, io);
  registerQuestions(rbac, io);
  registerReviews(rbac, io);
}

function registerModel(rbac: Command, io: Io): void {
  const withFile = (command: Command): Command =>
    command
      .option('-f, --file <file>', 'the roles: YAML or JSON', 'rbac.yaml')
      .option('--prune', 'remove what the file does not declare', false)
      .option(...urlFlag)
      .option(...jsonFlag);
  withFile(rbac.command('plan'))
    .description('show what would change, and change nothing')
    .option('--out <file>', 'write the plan, for apply')
    .option('--detailed-exitcode', '0: nothing to change, 1: error, 2: something to change')
    .addHelpText('after', '\nExamples:\n  keyturn rbac plan -f rbac.yaml\n  keyturn rbac plan --prune --out plan.json')
    .action(async (flags: ModelFlags) => (await import('./model.ts')).runPlan(io, flags));
  withFile(rbac.command('apply [plan]'))
    .description('carry out a stored plan, or plan the file and carry that out; all of it or nothing')
    .addHelpText(
      'after',
      '\nA stored plan is refused if roles were changed since it was made.\n\nExamples:\n  keyturn rbac apply -f rbac.yaml\n  keyturn rbac apply plan.json',
    )
    .action(async (plan: string | undefined, flags: ModelFlags) =>
      (await import('./model.ts')).runApply(io, plan, flags),
    );
  withFile(rbac.command('drift'))
    .description('compare the file with what is in force, for a timer: 0 as declared, 1 error, 2 drifted')
    .action(async (flags: ModelFlags) => (await import('./model.ts')).runDrift(io, flags));
  rbac
    .command('export')
    .description('write the roles that are in force as a file')
    .option('--out <file>', 'default: standard output')
    .option(...urlFlag)
    .option(...jsonFlag)
    .action(async (flags: ServerFlags & { out?: string }) => (await import('./model.ts')).runExport(io, flags));
}

function registerQuestions(rbac: Command, io: Io): void {
  rbac
    .command('explain <permission>')
    .description('which role, through which group, gives you or somebody a permission; or what lacks')
    .option('--user <sub>', 'of somebody else')
    .option('--object <object>', 'on this object: tool:pizzeria/order')
    .option(...urlFlag)
    .option(...jsonFlag)
    .addHelpText('after', '\nExample:\n  keyturn rbac explain content.publish --user 5f0c…')
    .action(async (permission: string, flags: WhoFlags) =>
      (await import('./questions.ts')).runExplain(io, permission, flags),
    );
  rbac
    .command('who-can <permission>')
    .description('everybody who has a permission, and by which path')
    .option('--object <object>', 'on this object')
    .option(...urlFlag)
    .option(...jsonFlag)
    .addHelpText('after', '\nExample:\n  keyturn rbac who-can tool.call --object tool:pizzeria/order')
    .action(async (permission: string, flags: WhoFlags) =>
      (await import('./questions.ts')).runWhoCan(io, permission, flags),
    );
  rbac
    .command('me')
    .description('your roles and permissions, and what is active')
    .option(...urlFlag)
    .option(...jsonFlag)
    .action(async (flags: ServerFlags) => (await import('./questions.ts')).runMe(io, flags));
  rbac
    .command('roles')
    .description('all roles, with their juniors and permissions')
    .option(...urlFlag)
    .option(...jsonFlag)
    .action(async (flags: ServerFlags) => (await import('./questions.ts')).runRoles(io, flags));
  rbac
    .command('assign <user> <role>')
    .description('give a user (by sub) a role by hand')
    .option(...urlFlag)
    .action(async (user: string, role: string, flags: ServerFlags) =>
      (await import('./questions.ts')).runAssign(io, user, role, flags),
    );
  rbac
    .command('deassign <user> <role>')
    .description('take a role away that was given by hand')
    .option(...urlFlag)
    .action(async (user: string, role: string, flags: ServerFlags) =>
      (await import('./questions.ts')).runDeassign(io, user, role, flags),
    );
  rbac
    .command('activate <role>')
    .description('make a role active in this session (dynamic separation of duty)')
    .option(...urlFlag)
    .action(async (role: string, flags: ServerFlags) => (await import('./questions.ts')).runActivate(io, role, flags));
  rbac
    .command('drop <role>')
    .description('make a role inactive in this session')
    .option(...urlFlag)
    .action(async (role: string, flags: ServerFlags) => (await import('./questions.ts')).runDrop(io, role, flags));
}

function registerReviews(rbac: Command, io: Io): void {
  const review = rbac.command('review').description('access review campaigns');
  review
    .command('create <name>')
    .description('begin one: an item for everybody who has a role now')
    .requiredOption('--reviewer <who>', 'a sub, or role:NAME (repeatable)', many, [])
    .option('--role <role>', 'look at this role only (repeatable)', many, [])
    .option('--deadline <when>', 'a duration from now (14d) or a moment (2027-01-31T00:00:00Z)', '14d')
    .addOption(
      new Option('--undecided <what>', 'what becomes of what nobody decides')
        .choices(['keep', 'revoke'])
        .default('keep'),
    )
    .option(...urlFlag)
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nExample:\n  keyturn rbac review create "Q1" --reviewer role:Manager --deadline 14d --undecided revoke',
    )
    .action(async (name: string, flags: NewReviewFlags) => (await import('./reviews.ts')).runCreate(io, name, flags));
  review
    .command('list')
    .description('those that you may see, newest first')
    .option(...urlFlag)
    .option(...jsonFlag)
    .action(async (flags: ServerFlags) => (await import('./reviews.ts')).runList(io, flags));
  review
    .command('show <review>')
    .description('what is looked at, and what was decided')
    .option(...urlFlag)
    .option(...jsonFlag)
    .action(async (id: string, flags: ServerFlags) => (await import('./reviews.ts')).runShow(io, id, flags));
  review
    .command('decide <review> <item> <decision>')
    .description('keep or revoke')
    .option('--comment <text>', 'why')
    .option(...urlFlag)
    .action(async (id: string, item: string, decision: string, flags: ServerFlags & { comment?: string }) =>
      (await import('./reviews.ts')).runDecide(io, { review: id, item, decision }, flags),
    );
  review
    .command('close <review>')
    .description('end it and carry out what was decided')
    .option('--force', 'although items are open', false)
    .option(...urlFlag)
    .option(...jsonFlag)
    .action(async (id: string, flags: ServerFlags & { force: boolean }) =>
      (await import('./reviews.ts')).runClose(io, id, flags),
    );
  review
    .command('evidence <review>')
    .description('what was looked at, who decided what and when, what became of it; with a digest')
    .addOption(new Option('--format <format>', 'of the evidence').choices(['json', 'csv']).default('json'))
    .option('--out <file>', 'default: standard output')
    .option(...urlFlag)
    .option(...jsonFlag)
    .action(async (id: string, flags: ServerFlags & { format: string; out?: string }) =>
      (await import('./reviews.ts')).runEvidence(io, id, flags),
    );
}
