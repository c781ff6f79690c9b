import { safetyPolicySchema, type SafetyPolicy, writeCanonical } from '@keyturn/policy';
import { ok, type Result, refuse } from '@keyturn/protocol';
import { LineCounter, parseAllDocuments, stringify } from 'yaml';

/** Why a text holds no policies. `line` counts from 1 where the text itself is at fault. */
export interface DocumentFault {
  readonly message: string;
  /** JSON Pointer into the document. */
  readonly at: string;
  readonly line?: number;
}

/** YAML (of which JSON is a part), one document or several divided by `---`, as plain values. */
export function readYaml(text: string): Result<readonly unknown[], DocumentFault> {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const values: unknown[] = [];
  for (const document of documents) {
    const [error] = [...document.errors, ...document.warnings];
    if (error !== undefined) {
      return refuse({ message: error.message, at: '', line: lines.linePos(error.pos[0]).line });
    }
    // Aliases could make a page of text a gigabyte of values.
    const value: unknown = document.toJS({ maxAliasCount: 0 });
    if (value !== null) values.push(value);
  }
  return ok(values);
}

/** A value as a policy, or everything that is wrong with it. */
export function readPolicy(value: unknown): Result<SafetyPolicy, readonly DocumentFault[]> {
  const parsed = safetyPolicySchema.safeParse(value);
  if (parsed.success) {
    const written = writeCanonical(parsed.data);
    return written.ok
      ? ok(parsed.data)
      : refuse([{ at: written.refusal.at, message: 'is text that is no Unicode, which cannot be kept' }]);
  }
  return refuse(
    parsed.error.issues.map((issue) => ({
      at: issue.path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
      message: issue.message,
    })),
  );
}

/** A policy as people write it. */
export function writeYaml(value: unknown): string {
  return stringify(value, { lineWidth: 120 });
}
