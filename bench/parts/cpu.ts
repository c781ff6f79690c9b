import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

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

/**
 * The process on this machine that listens on a TCP port, as far as /proc shows it to this user; undefined if it is
 * elsewhere (another host, another container, another user's).
 */
export function listenerOn(port: number): number | undefined {
  const listening = '0A';
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const sockets = new Set<string>();
  for (const table of ['tcp', 'tcp6']) {
    for (const line of readLines(`/proc/net/${table}`)) {
      const [, address = '', , state, , , , , , inode] = line.trim().split(/\s+/);
      if (state === listening && address.endsWith(local)) sockets.add(`socket:[${inode ?? ''}]`);
    }
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => openFilesOf(pid).some((file) => sockets.has(file)));
}

function readLines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    // A machine without IPv6.
    return [];
  }
}

function openFilesOf(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).map((name) => readlinkSync(`${folder}/${name}`));
  } catch {
    // Another user's process, or one that has ended.
    return [];
  }
}
