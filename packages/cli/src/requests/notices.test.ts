import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verifyWebhook } from '@keyturn/net';
import { epochSeconds } from '@keyturn/protocol';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type House, openHouse } from '../house/open-house.ts';
import { openSmtpSink, type SmtpSink } from './smtp-sink.ts';

interface Told {
  readonly id: string;
  readonly at: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly said: { readonly type: string; readonly data: Record<string, unknown> };
}

const [secret, former] = [5, 6].map((byte) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`);
let told: Told[] = [];
/** How the receiver answers; by default it takes everything. */
let answer: (told: Told, response: ServerResponse) => void;
const takes = (_: Told, response: ServerResponse): void => void response.writeHead(204).end();

let receiver: Server;
let elsewhere: Server;
let visitors = 0;
let sink: SmtpSink;
let house: House;
const portOf = (server: Server): number => (server.address() as AddressInfo).port;
beforeAll(async () => {
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { headers } = request;
      const said = JSON.parse(body) as Told['said'];
      const one = { id: String(headers['webhook-id']), at: Number(headers['webhook-timestamp']), headers, body, said };
      told.push(one);
      answer(one, response);
    });
  });
  elsewhere = createServer((_, response) => {
    visitors += 1;
    response.end();
  });
  for (const server of [receiver, elsewhere]) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  }
  sink = await openSmtpSink();
  house = await openHouse({
    settings: {
      policies: { default: 'allow' },
      mail: { host: '127.0.0.1', port: sink.port, security: 'none', from: 'keyturn@example.com' },
      requests: {
        agentSubjects: ['aip-agent-1'],
        reviewerSubjects: ['aip-reviewer-1'],
        webhookUrl: `http://127.0.0.1:${portOf(receiver)}/hook`,
        webhookSecret: secret,
        webhookFormerSecret: former,
        mailTo: ['rita@example.com', 'ross@example.com'],
      },
    },
  });
  const rule = { name: 'all', type: 'StateEvaluation', action: 'RequireApproval', expression: 'true', message: 'Ask.' };
  await house.post('/api/v1/policies', await house.tokenOf('admin'), {
    apiVersion: 'keyturn.dev/v1alpha1',
    kind: 'SafetyPolicy',
    metadata: { name: 'all' },
    spec: { rules: [rule] },
  });
});
afterEach(async () => {
  // What a test left unanswered is taken now.
  answer = takes;
  receiver.closeAllConnections();
});
afterAll(async () => {
  await house[Symbol.asyncDispose]();
  for (const server of [receiver, elsewhere]) {
    server.closeAllConnections();
    server.close();
  }
  await sink[Symbol.asyncDispose]();
});

// The clock is moved on, so that tokens are fetched when they are needed.
const post = async (client: string, path: string, body: object) =>
  house.post(path, await house.tokenOfClient(client), body);
const ask = async (more: object = {}): Promise<string> => {
  const made = await post('aip-agent-1', '/agent-requests', { action: 'pay', targetURI: 'bank://7', ...more });
  if (made.status !== 201) throw new Error(made.text);
  return String(made.body['name']);
};
const toldOf = (name: string): readonly Told[] => told.filter(({ said }) => said.data['name'] === name);
const mailsOf = (name: string) => sink.taken.filter(({ text }) => text.includes(name));
/** Moves the clock on, and has the service look: it does by itself every two seconds, and with each change. */
const later = async (seconds: number): Promise<void> => {
  house.advance(seconds);
  await ask();
};

describe('the webhook of requests', () => {
  it('is told of each phase, signed by the new secret and the former, and never of arguments', async () => {
    answer = takes;
    const name = await ask({ parameters: { pin: '4711-secret' }, reason: 'rent' });
    await post('aip-reviewer-1', `/agent-requests/${name}/approve`, {});
    await post('aip-agent-1', `/agent-requests/${name}/executing`, {});
    await post('aip-agent-1', `/agent-requests/${name}/completed`, {});
    const types = () => toldOf(name).map(({ said }) => said.type);
    const phases = ['pending', 'approved', 'executing', 'completed'].map((phase) => `agent-request.${phase}`);
    // Each is sent as soon as it can be, and none waits for another.
    await expect.poll(() => types().toSorted()).toEqual(phases.toSorted());
    for (const { headers, body, at } of toldOf(name)) {
      const get = (header: string) => String(headers[header] ?? '');
      for (const one of [secret, former]) {
        expect(verifyWebhook({ get }, body, one ?? '', epochSeconds(at))).toMatchObject({ ok: true });
      }
      expect(body).not.toContain('4711');
    }
    expect(toldOf(name).find(({ said }) => said.type.endsWith('pending'))?.said.data).toMatchObject({
      phase: 'Pending',
      agentIdentity: 'aip-agent-1',
      url: `http://keyturn.test/agent-requests/${name}`,
      reason: 'rent',
    });
  });

  it('is told again, by the same id and in the same words, when it was down or failed', async () => {
    const refusals = [
      (response: ServerResponse) => response.socket?.destroy(),
      (response: ServerResponse) => response.writeHead(503).end(),
    ];
    // By its reason, since the first notice may come before the reply that names the request.
    const reason = 'to be told again';
    answer = (one, response) => {
      const refusal = one.said.data['reason'] === reason ? refusals.shift() : undefined;
      if (refusal === undefined) takes(one, response);
      else refusal(response);
    };
    const name = await ask({ reason });
    await expect.poll(() => toldOf(name).length).toBe(1);
    await expect.poll(() => house.log()).toContain('again in');
    await later(6);
    await expect.poll(() => toldOf(name).length, { timeout: 4000 }).toBe(2);
    await later(340);
    await expect.poll(() => toldOf(name).length, { timeout: 4000 }).toBe(3);
    const [first, ...others] = toldOf(name);
    for (const other of others) {
      expect([other.id, other.body]).toEqual([first?.id, first?.body]);
      expect(other.at).toBeGreaterThan(first?.at ?? 0);
    }
  });

  it('is not followed elsewhere', async () => {
    answer = (_, response) =>
      void response.writeHead(307, { location: `http://127.0.0.1:${portOf(elsewhere)}/` }).end();
    const name = await ask();
    await expect.poll(() => toldOf(name).length).toBe(1);
    await expect.poll(() => house.log()).toContain('redirect');
    expect(visitors).toBe(0);
  });

  it('holds up neither whoever asks nor the mails, when its receiver does not answer', async () => {
    answer = () => undefined;
    const names = await Promise.all(Array.from({ length: 25 }, () => ask()));
    await expect.poll(() => names.every((name) => mailsOf(name).length === 2), { timeout: 9000 }).toBe(true);
  }, 15_000);
});

describe('the mail about a request', () => {
  it('goes to each reviewer alone, in lines that an agent cannot add to, without arguments', async () => {
    answer = takes;
    const name = await ask({
      action: 'pay\r\nBcc: evil@example.com',
      reason: 'rent\r\n.\r\n  Agent:   somebody trusted\u2028x',
      parameters: { pin: '4711-secret' },
    });
    await expect.poll(() => mailsOf(name).length, { timeout: 4000 }).toBe(2);
    expect(
      mailsOf(name)
        .map(({ to }) => to)
        .toSorted(),
    ).toEqual(['rita@example.com', 'ross@example.com']);
    for (const { text, to } of mailsOf(name)) {
      const [head = '', ...body] = text.split('\n\n');
      expect(head).toContain(`To: ${to}`);
      expect(head).not.toMatch(/^bcc:/im);
      expect(body.join('\n\n').match(/^ {2}Agent:/gm)).toHaveLength(1);
      expect(text).not.toContain('4711');
    }
  });

  it('comes later to whom the server would not take it for, and once to the others', async () => {
    sink.refused.add('rita@example.com');
    const name = await ask();
    await expect.poll(() => mailsOf(name).map(({ to }) => to), { timeout: 4000 }).toEqual(['ross@example.com']);
    sink.refused.clear();
    await expect.poll(() => house.log()).toContain('451');
    await later(6);
    await expect.poll(() => mailsOf(name).length, { timeout: 4000 }).toBe(2);
    expect(mailsOf(name).at(-1)?.to).toBe('rita@example.com');
  });
});
