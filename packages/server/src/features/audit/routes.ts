import { Readable } from 'node:stream';
import { type Clock, epochMilliseconds, ok, refuse } from '@keyturn/protocol';
import type { AuditFilter, AuditPageRequest, Store } from '@keyturn/store';
import { z } from 'zod';
import type { Caller } from '../../http/caller.ts';
import type { Frame } from '../../http/frame.ts';
import { type FieldFault, invalidRequest } from '../../http/problem.ts';
import type { Action } from '../../http/rooms.ts';
import type { AuditKeys } from './keys.ts';

const moment = z.iso.datetime({ offset: true }).transform((text) => epochMilliseconds(Date.parse(text)));
const text = z.string().min(1).max(2048);

const rangeSchema = z.strictObject({ from: moment.optional(), to: moment.optional() });

const listSchema = z.strictObject({
  ...rangeSchema.shape,
  kind: text.optional(),
  actor: text.optional(),
  client: text.optional(),
  on_behalf_of: text.optional(),
  action: text.optional(),
  target: text.optional(),
  outcome: z.enum(['allowed', 'refused', 'failed']).optional(),
  request_id: text.optional(),
  chain: text.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(50),
  after: text.optional(),
});

export interface AuditRouteParts {
  readonly store: Store;
  readonly keys: AuditKeys;
  readonly clock: Clock;
  readonly role: string;
  readonly adminRole: string;
}

/**
 * `GET /api/v1/audit` (filters and pages), `…/export` (JSON lines) and `…/keys` (the public keys of checkpoints, for
 * anybody). Reading the audit is written into it.
 */
export function mountAudit(frame: Frame, { store, keys, clock, role, adminRole }: AuditRouteParts): void {
  const reading = (kind: string, { roles }: Caller): Action => ({
    kind,
    needsRole: roles.includes(role) ? role : adminRole,
    needsPermission: 'audit_log.view',
  });

  frame.app.get('/api/v1/audit/keys', async (_request, reply) => reply.send({ keys: await keys.published() }));

  frame.route({
    method: 'GET',
    path: '/api/v1/audit',
    action: ({ caller }) => reading('audit.list', caller),
    handle: async ({ query }) => {
      const asked = listSchema.safeParse(query);
      if (!asked.success) return refuse(invalidRequest(queryFaults(asked.error)));
      const { limit, after, actor, on_behalf_of: onBehalfOf, request_id: requestId, ...others } = asked.data;
      const filter: AuditFilter = defined({ ...others, identity: actor, onBehalfOf, requestId });
      const page: AuditPageRequest = { limit, ...(after === undefined ? {} : { after }) };
      const found = await store.audit.list(filter, page);
      if (!found.ok) {
        return refuse(
          invalidRequest([{ field: 'query.after', message: 'is no cursor that this service has given out' }]),
        );
      }
      const { rows, next } = found.value;
      return ok({
        answer: { status: 200, body: { items: rows, ...(next === undefined ? {} : { next }) } },
        outcome: 'allowed',
      });
    },
  });

  frame.route({
    method: 'GET',
    path: '/api/v1/audit/export',
    action: ({ caller }) => reading('audit.export', caller),
    handle: async ({ query }) => {
      const asked = rangeSchema.safeParse(query);
      if (!asked.success) return refuse(invalidRequest(queryFaults(asked.error)));
      // So that the end of what is exported is signed for.
      if (keys.signer !== undefined) await store.audit.checkpoint(keys.signer);
      const lines = store.audit.export({ keys: await keys.published(), at: clock(), ...asked.data });
      const headers = {
        'content-type': 'application/x-ndjson',
        'content-disposition': 'attachment; filename="keyturn-audit.jsonl"',
      };
      return ok({
        answer: { status: 200, body: Readable.from(lines, { objectMode: false }), headers },
        outcome: 'allowed',
      });
    },
  });
}

function queryFaults(error: z.ZodError): readonly FieldFault[] {
  return error.issues.map((issue) => ({ field: ['query', ...issue.path].join('.'), message: issue.message }));
}

function defined<Value extends object>(value: Value): { [Name in keyof Value]: Exclude<Value[Name], undefined> } {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  // Every member that is left is one of Value's, and not undefined.
  return Object.fromEntries(entries) as { [Name in keyof Value]: Exclude<Value[Name], undefined> };
}
