import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { JsonObject } from '@keyturn/protocol';
import type { Io } from '../io.ts';
import { readDuration } from '../token/duration.ts';
import { ask, listOf, objectsIn, textOf, textsIn } from '../ask.ts';
import { formatTable } from '../table.ts';
import type { ServerFlags } from '../ask.ts';
import type { NewReviewFlags } from './flags.ts';

/** `keyturn rbac review create NAME`: prints the id, alone. */
export async function runCreate(io: Io, name: string, flags: NewReviewFlags): Promise<void> {
  const isMoment = /^\d{4}-/.test(flags.deadline);
  const body = {
    name,
    reviewers: flags.reviewer.map((who) => (who.startsWith('role:') ? { role: who.slice(5) } : { user: who })),
    ...(flags.role.length === 0 ? {} : { roles: flags.role }),
    deadline: isMoment ? flags.deadline : new Date(Date.now() + readDuration(flags.deadline) * 1000).toISOString(),
    undecided: flags.undecided,
  };
  const reply = await ask(io, flags, 'POST', '/rbac/reviews', body);
  if (flags.json === true) io.print(JSON.stringify(reply.body, null, 2));
  else {
    io.complain(`${textOf(reply.body['items'])} items, until ${textOf(reply.body['deadline'])}`);
    io.print(textOf(reply.body['id']));
  }
}

/** `keyturn rbac review list` */
export async function runList(io: Io, flags: ServerFlags): Promise<void> {
  const reviews = listOf(await ask(io, flags, 'GET', '/rbac/reviews'));
  if (flags.json === true) io.print(JSON.stringify(reviews, null, 2));
  else if (reviews.length === 0) io.complain('There are no access reviews that you may see.');
  else {
    const columns = ['id', 'name', 'state', 'deadline', 'open', 'keep', 'revoke'];
    const rows = reviews.map((review) => columns.map((column) => textOf(review[column])));
    io.print(formatTable([columns.map((column) => column.toUpperCase()), ...rows]));
  }
}

/** `keyturn rbac review show ID` */
export async function runShow(io: Io, id: string, flags: ServerFlags): Promise<void> {
  const { body } = await ask(io, flags, 'GET', `/rbac/reviews/${encodeURIComponent(id)}`);
  showReview(io, body, flags);
}

/** `keyturn rbac review decide ID ITEM keep|revoke` */
export async function runDecide(
  io: Io,
  asked: { readonly review: string; readonly item: string; readonly decision: string },
  flags: ServerFlags & { readonly comment?: string },
): Promise<void> {
  const path = `/rbac/reviews/${encodeURIComponent(asked.review)}/items/${encodeURIComponent(asked.item)}/decision`;
  const { body } = await ask(io, flags, 'POST', path, { decision: asked.decision, comment: flags.comment });
  io.complain(`${textOf(body['user'])} has ${textOf(body['role'])}: ${textOf(body['decision'])}`);
}

/** `keyturn rbac review close ID` */
export async function runClose(io: Io, id: string, flags: ServerFlags & { readonly force: boolean }): Promise<void> {
  const { body } = await ask(io, flags, 'POST', `/rbac/reviews/${encodeURIComponent(id)}/close`, {
    force: flags.force,
  });
  showReview(io, body, flags);
}

/** `keyturn rbac review evidence ID` */
export async function runEvidence(
  io: Io,
  id: string,
  flags: ServerFlags & { readonly format: string; readonly out?: string },
): Promise<void> {
  const reply = await ask(io, flags, 'GET', `/rbac/reviews/${encodeURIComponent(id)}/evidence?format=${flags.format}`);
  const text = flags.format === 'csv' ? reply.text : `${JSON.stringify(reply.body, null, 2)}\n`;
  if (flags.out === undefined) io.print(text.trimEnd());
  else writeFileSync(resolve(io.cwd, flags.out), text);
}

function showReview(io: Io, body: JsonObject, flags: ServerFlags): void {
  if (flags.json === true) {
    io.print(JSON.stringify(body, null, 2));
    return;
  }
  io.print(`${textOf(body['name'])} (${textOf(body['state'])}, until ${textOf(body['deadline'])})`);
  const rows = objectsIn(body['decisions']).map((item) => [
    textOf(item['id']),
    textOf(item['name']) || textOf(item['user']),
    textOf(item['role']),
    textsIn(item['origin']).join(', '),
    textOf(item['decision']) || 'open',
    textOf(item['outcome']),
  ]);
  io.print(formatTable([['ITEM', 'USER', 'ROLE', 'BY', 'DECISION', 'OUTCOME'], ...rows]));
}
