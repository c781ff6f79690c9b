import { randomBytes } from 'node:crypto';
import { epochMilliseconds, epochSeconds, newId, ok, refuse, seconds } from '@keyturn/protocol';
import { openStore } from '@keyturn/store';
import { describe, expect, it } from 'vitest';
import { announceEnds, buildEndMail, type SendMail } from './announce.ts';
import type { Pat } from './pat.ts';
import { openPatRepository } from './repository.ts';
import { openRevocationLog } from './revocation-log.ts';
import { patMigrations } from './tables.ts';

const now = 1_800_000_000;
const clock = () => epochMilliseconds(now * 1000);
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const newPat = (name: string, email: string | undefined, expiresIn: number): Pat => ({
  id: newId('pat', randomBytes),
  kind: 'reference',
  owner: { issuer: 'https://id.example', subject: 'john' },
  name,
  hash: `hash of ${name}`,
  jti: undefined,
  limits: { readOnly: false, mayApprove: false },
  client: undefined,
  email,
  createdAt: clock(),
  issuedAt: clock(),
  expiresAt: epochSeconds(now + expiresIn),
  lastUsedAt: undefined,
  lastAddress: undefined,
  former: undefined,
});

describe('the mail before the end', () => {
  it('goes to the owner once, and again only if it could not be handed over', async () => {
    await using store = await openStore({ url: 'sqlite::memory:', clock, random: randomBytes });
    await store.migrate(patMigrations);
    const repository = openPatRepository(store, openRevocationLog(store), clock);
    for (const pat of [
      newPat('soon', 'john@example.com', 60),
      newPat('later', 'john@example.com', 9000),
      newPat('none', undefined, 60),
    ]) {
      await repository.insert(pat, { identity: 'john' });
    }
    const subjects: string[] = [];
    let works = false;
    const send: SendMail = async (mail) => {
      subjects.push(mail.subject);
      return works ? ok({}) : refuse({ why: 'unreachable', host: 'mail.example', port: 25, code: 'ECONNREFUSED' });
    };
    const announce = () =>
      announceEnds({
        repository,
        clock,
        before: seconds(600),
        send,
        publicUrl: 'https://keyturn.example',
        log: silent,
      });
    await announce();
    works = true;
    await announce();
    await announce();
    expect(subjects).toEqual(Array.from({ length: 2 }, () => 'Your access token “soon” ends on 2027-01-15'));
  });

  it('names the token and how to go on, and holds nothing of its secret', () => {
    const pat = newPat('ci', 'john@example.com', 60);
    const { text } = buildEndMail(pat, 'john@example.com', 'https://keyturn.example');
    expect(text).toContain(`keyturn token rotate ${pat.id}`);
    expect(text).not.toContain(pat.hash);
  });
});
