/* oxlint-disable unicorn/require-post-message-target-origin -- this is the port of a thread, not of a window */
import { parentPort, workerData } from 'node:worker_threads';
import type { NetRefusal } from '@keyturn/net';
import { ok, type Result, refuse } from '@keyturn/protocol';
import { type DocumentJob, type FetchReference, readDocument } from './document-job.ts';

/**
 * The thread that reads a document, started by document-reader.ts with the job as its data. It has no network of its own:
 * what the document refers to is asked of whoever started it.
 */

/** A fetched file, or why there is none: the answer to `{ fetch, url }`. */
interface FetchedReference {
  readonly fetch: number;
  readonly answer: Result<{ readonly status: number; readonly text: string }, NetRefusal>;
}

const waiting = new Map<number, (fetched: FetchedReference) => void>();
parentPort?.on('message', (fetched: FetchedReference) => waiting.get(fetched.fetch)?.(fetched));

let count = 0;
const fetchByParent: FetchReference = async (url) => {
  count += 1;
  const fetch = count;
  const { answer } = await new Promise<FetchedReference>((resolve) => {
    waiting.set(fetch, resolve);
    parentPort?.postMessage({ fetch, url });
  });
  if (!answer.ok) return refuse(answer.refusal);
  const { status, text } = answer.value;
  return ok({ status, text: () => text });
};

// The one message that this thread is started with is a job.
const result = await readDocument(workerData as DocumentJob, fetchByParent);
parentPort?.postMessage({ result });
parentPort?.close();
