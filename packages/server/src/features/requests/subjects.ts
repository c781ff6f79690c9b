import { ok, type Result, refuse } from '@keyturn/protocol';
import type { AuditActor, Store } from '@keyturn/store';
import { z } from 'zod';
import type { RequestTables } from './tables.ts';

/** Who is an agent and who a reviewer, by the identity claim. */
export interface SubjectLists {
  readonly agentSubjects: readonly string[];
  readonly reviewerSubjects: readonly string[];
}

const names = z.array(z.string().min(1).max(512)).max(10_000);
export const subjectListsSchema = z.strictObject({ agentSubjects: names, reviewerSubjects: names });

/**
 * The lists as they are now. They come from the file where one is configured, else from what an administrator has set
 * (kept in the database, so that all replicas have it at once), else from the settings.
 */
export interface Subjects {
  readonly current: () => SubjectLists & { readonly from: 'file' | 'api' | 'settings' };
  /** Refused where a file is the source: the next reading would undo it. */
  readonly set: (lists: SubjectLists, actor: AuditActor) => Promise<Result<undefined, { readonly why: 'file' }>>;
  readonly start: () => Promise<void>;
  readonly close: () => void;
}

const channel = 'requests-subjects';
/** Milliseconds between looks at the file. */
const fileInterval = 1000;

/** A file that cannot be read, or whose lists are not lists, changes nothing and is reported: lists are never empty by mistake. */
export function openSubjects(parts: {
  readonly store: Store;
  readonly settings: SubjectLists;
  readonly file: { readonly path: string; readonly read: () => Promise<string> } | undefined;
  readonly warn: (facts: object, sentence: string) => void;
}): Subjects {
  const { store, settings, file, warn } = parts;
  const db = store.db.withTables<RequestTables>();
  let lists: SubjectLists & { readonly from: 'file' | 'api' | 'settings' } = { ...settings, from: 'settings' };
  let text: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stop: (() => void) | undefined;

  const readRow = async (): Promise<void> => {
    const row = await db.selectFrom('requests_subjects').selectAll().executeTakeFirst();
    if (row === undefined) return;
    const stored = subjectListsSchema.parse({
      agentSubjects: JSON.parse(row.agents),
      reviewerSubjects: JSON.parse(row.reviewers),
    });
    lists = { ...stored, from: 'api' };
  };
  const readFile = async (given: NonNullable<typeof file>): Promise<void> => {
    const read = await given.read();
    if (read === text) return;
    const { parse } = await import('yaml');
    const found = subjectListsSchema.safeParse(parse(read));
    if (!found.success) throw new Error(found.error.issues.map(({ message }) => message).join('; '));
    text = read;
    lists = { ...found.data, from: 'file' };
  };
  return {
    current: () => lists,
    async set(next, actor) {
      if (file !== undefined) return refuse({ why: 'file' });
      await store.transaction(async (tx) => {
        const row = {
          agents: JSON.stringify(next.agentSubjects),
          reviewers: JSON.stringify(next.reviewerSubjects),
        };
        await tx.db
          .withTables<RequestTables>()
          .insertInto('requests_subjects')
          .values({ one: 1, ...row })
          .onConflict((conflict) => conflict.column('one').doUpdateSet(row))
          .execute();
        const { agentSubjects, reviewerSubjects } = next;
        const facts = { agentSubjects, reviewerSubjects };
        tx.audit({ kind: 'gateway.subjects', actor, action: 'set', outcome: 'allowed', facts });
        await tx.notify(channel, '');
      });
      lists = { ...next, from: 'api' };
      return ok(undefined);
    },
    async start() {
      if (file === undefined) {
        const again = async (): Promise<void> =>
          readRow().catch((error: unknown) => warn({ error: String(error) }, 'the subject lists could not be read'));
        stop = await store.listen(channel, () => void again(), again);
        return readRow();
      }
      await readFile(file);
      // Each fault is told of once, for as long as it lasts.
      let told: string | undefined;
      timer = setInterval(() => {
        readFile(file).then(
          () => (told = undefined),
          (reason: unknown) => {
            const error = String(reason);
            if (error !== told) warn({ file: file.path, error }, 'the subject lists stay as they were');
            told = error;
          },
        );
      }, fileInterval).unref();
    },
    close() {
      clearInterval(timer);
      stop?.();
    },
  };
}
