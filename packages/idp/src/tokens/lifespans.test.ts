import { decodeJwt } from 'jose';
import { epochMilliseconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { startTestIdp, type TestClient } from '../testing/index.ts';

const year = 31_536_000;

/** Seconds that an access token lives, by password or exchange, `age` seconds after the login. */
async function lifespans(
  settings: Readonly<Record<string, number>>,
  client: TestClient,
  age = 0,
): Promise<{ readonly own: number; readonly exchanged: number; readonly service: number }> {
  let now = 1_800_000_000_000;
  const clock = () => epochMilliseconds(now);
  const users = { ann: { password: 'pw' } };
  const web = { passwordGrant: true, audiences: ['issuer'], ...client };
  const issuer = { secret: 's', exchange: true, serviceAccount: true, ...client };
  await using idp = await startTestIdp({ r: { clients: { web, issuer }, users, settings } }, { clock });
  const length = (token: string): number => {
    const { exp = 0, iat = 0 } = decodeJwt(token);
    return exp - iat;
  };
  const subject = await idp.token('r', { grant_type: 'password', client_id: 'web', username: 'ann', password: 'pw' });
  now += age * 1000;
  const credentials = { client_id: 'issuer', client_secret: 's' };
  const exchange = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subject,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  };
  return {
    own: length(subject),
    exchanged: length(await idp.token('r', { ...exchange, ...credentials })),
    service: length(await idp.token('r', { grant_type: 'client_credentials', ...credentials })),
  };
}

describe('how long a token lives', () => {
  it('is five minutes by default', async () => {
    expect(await lifespans({}, {})).toEqual({ own: 300, exchanged: 300, service: 300 });
  });

  it('is what the client says, capped by the rest of the session; a service account has none', async () => {
    expect(await lifespans({}, { accessTokenLifespan: year })).toEqual({
      own: 36_000,
      exchanged: 36_000,
      service: year,
    });
  });

  it('is shorter by the age of the login', async () => {
    const settings = { ssoSessionMaxLifespan: year };
    expect((await lifespans(settings, { accessTokenLifespan: year }, 60)).exchanged).toBe(year - 60);
  });

  it('is capped by the client session’s maximum, which counts from the exchange', async () => {
    const settings = { ssoSessionMaxLifespan: year, clientSessionMaxLifespan: 3600 };
    expect((await lifespans(settings, { accessTokenLifespan: year }, 60)).exchanged).toBe(3600);
  });

  it('is not changed by idle times, nor by text that is no number', async () => {
    const idle = { attributes: { 'client.session.idle.timeout': '60', 'access.token.lifespan': 'banana' } };
    expect(await lifespans({}, idle)).toEqual({ own: 300, exchanged: 300, service: 300 });
  });

  it('is the rest of the session for -1', async () => {
    expect((await lifespans({}, { accessTokenLifespan: -1 })).own).toBe(36_000);
  });
});
