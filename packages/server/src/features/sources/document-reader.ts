/* oxlint-disable unicorn/require-post-message-target-origin -- this is the port of a thread, not of a window */
import { Worker } from 'node:worker_threads';
import type { GuardedFetch } from '@keyturn/net';
import { type Bytes, kibibytes, type Result, refuse, type Seconds } from '@keyturn/protocol';
import type { DocumentRefusal } from '@keyturn/tools';
import { type DocumentJob, type DocumentReading, type FetchReference, readDocument } from './document-job.ts';

/** What a document may cost; beyond that it is refused, and nothing else suffers. */
export interface DocumentCosts {
  /** For reading, the files that it refers to included. */
  readonly time: Seconds;
  /** MiB of memory of the thread that reads it. */
  readonly memory: number;
  /** Of each file that it refers to. */
  readonly bytes: Bytes;
}

export type ReaderRefusal =
  | DocumentRefusal
  | { readonly why: 'too-costly'; readonly of: 'time' | 'memory'; readonly limit: number };

/** JSON up to this size is read at once: it costs less than starting a thread, and nothing in it grows while it is read. */
const inPlace = kibibytes(256);

/**
 * Reads a document in a thread of its own, with a limit of time and of memory, so that the service goes on answering
 * whatever the document is. YAML always goes there: merge keys make much out of little. The job's content goes with it and
 * is not there any more afterwards.
 */
export async function readInThread(
  job: DocumentJob,
  fetch: (...asked: Parameters<GuardedFetch>) => ReturnType<GuardedFetch>,
  costs: DocumentCosts,
): Promise<Result<DocumentReading, ReaderRefusal>> {
  const fetchReference: FetchReference = (url) =>
    fetch(url, {
      redirect: 'error',
      headers: { accept: 'application/json, application/yaml, */*;q=0.1' },
      maxBytes: costs.bytes,
    });
  if (job.content.length <= inPlace && beginsAsObject(job.content)) return readDocument(job, fetchReference);
  const content = inOwnBuffer(job.content);
  const worker = new Worker(new URL(threadFile, import.meta.url), {
    workerData: { ...job, content } satisfies DocumentJob,
    transferList: [content.buffer],
    resourceLimits: { maxOldGenerationSizeMb: costs.memory, maxYoungGenerationSizeMb: 32 },
    // Nothing of the process is its business.
    env: {},
    argv: [],
  });
  try {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => resolve(refuse({ why: 'too-costly', of: 'time', limit: costs.time })),
        costs.time * 1000,
      );
      worker.on('message', (message: ThreadMessage) => {
        if ('result' in message) {
          clearTimeout(timer);
          resolve(message.result);
          return;
        }
        void fetchReference(message.url, {}).then((answer) =>
          worker.postMessage({
            fetch: message.fetch,
            answer: answer.ok
              ? { ok: true, value: { status: answer.value.status, text: answer.value.text() } }
              : answer,
          }),
        );
      });
      worker.on('error', (error: Error & { readonly code?: string }) => {
        clearTimeout(timer);
        if (error.code !== 'ERR_WORKER_OUT_OF_MEMORY') reject(error);
        else resolve(refuse({ why: 'too-costly', of: 'memory', limit: costs.memory }));
      });
      worker.on('exit', (code) => {
        clearTimeout(timer);
        reject(new Error(`the thread that reads a document ended with ${code}`));
      });
    });
  } finally {
    await worker.terminate();
  }
}

/** Whether what is not white space begins as an object of JSON does. */
function beginsAsObject(content: Uint8Array): boolean {
  const first = content.find((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
  return first === 0x7b;
}

/** The same bytes in a buffer that holds nothing else, so that it can be handed over. */
function inOwnBuffer(content: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = content;
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength
    ? new Uint8Array(buffer, byteOffset, byteLength)
    : new Uint8Array(content);
}

// Sources run unbuilt in development and as JavaScript where they are published.
const threadFile = import.meta.url.endsWith('.ts') ? './document-thread.ts' : './document-thread.js';

type ThreadMessage =
  | { readonly result: Result<DocumentReading, DocumentRefusal> }
  | { readonly fetch: number; readonly url: string };
