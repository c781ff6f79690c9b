import { type ClientRequest, get } from 'node:http';
import type { Gateway } from '@keyturn/conformance/requests/stage';
import { residentMebibytes } from '../parts/cpu.ts';
import { ask, decide } from './people.ts';
import type { Tokens } from './people.ts';

export interface Watchers {
  readonly count: number;
  /** Resident memory of the process in MiB: before the first, with all of them, and after each was sent a change. */
  readonly before: number;
  readonly with: number;
  readonly told: number;
  /** How many were told of the change. */
  readonly heard: number;
}

/** Opens `count` event streams on one process, ten to a request, and lets every request be approved. */
export async function measureWatchers({ url, running }: Gateway, tokens: Tokens, count: number): Promise<Watchers> {
  const { pid = 0 } = running.child;
  const names: string[] = [];
  for (let i = 0; i < count / 10; i += 1) names.push(await ask(url, tokens.agent));
  const before = residentMebibytes(pid);
  let heard = 0;
  const open: ClientRequest[] = [];
  try {
    for (let i = 0; i < count; i += 1) {
      const path = `${url}/agent-requests/${names[i % names.length] ?? ''}/watch`;
      open.push(await watch(path, tokens.agent, () => (heard += 1)));
    }
    const all = residentMebibytes(pid);
    for (const name of names) await decide(url, tokens.reviewer, name, 'approve');
    await eventually(() => heard === count);
    return { count, before, with: all, told: residentMebibytes(pid), heard };
  } finally {
    for (const one of open) one.destroy();
  }
}

/** Resolves once the stream has brought the request as it is; `told` is called when it brings it as approved. */
function watch(url: string, token: string, told: () => void): Promise<ClientRequest> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' };
    const sent = get(url, { headers, agent: false }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`watching answered ${response.statusCode}`));
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        const was = text;
        text += chunk;
        if (!was.includes('"Pending"') && text.includes('"Pending"')) resolve(sent);
        if (!was.includes('"phase":"Approved"') && text.includes('"phase":"Approved"')) told();
      });
    });
    sent.on('error', reject);
  });
}

async function eventually(happened: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !happened(); i += 1) await new Promise((resolve) => setTimeout(resolve, 50));
}
