import { readdirSync, readFileSync } from 'node:fs';

/**
 * CPU that a process has used so far, in milliseconds, over all its threads: Linux's schedstat counts nanoseconds on
 * the CPU, so that the share of a busy machine that others take does not count.
 */
export function cpuMilliseconds(pid: number): number {
  let nanoseconds = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // A thread that has ended between the two reads.
    }
  }
  return nanoseconds / 1e6;
}

/** Resident memory in MiB. */
export function residentMebibytes(pid: number): number {
  const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? Number.NaN) / 1024;
}
