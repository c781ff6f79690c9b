import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestIdp, type TestIdp } from '../testing/index.ts';

// Rules that no recorded case shows, compared with a running Keycloak 26.7.3.
describe('the admin API’s rules', () => {
  let idp: TestIdp;
  let token: string;
  const call = async (
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: unknown; id: string }> => {
    const answer = await fetch(`${idp.url}/admin/realms/x${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const id = answer.headers.get('location')?.split('/').at(-1) ?? '';
    return { status: answer.status, body: text === '' ? undefined : JSON.parse(text), id };
  };

  beforeAll(async () => {
    idp = await startTestIdp({ x: { realm: 'x', enabled: true, passwordPolicy: 'length(8)' } });
    token = await idp.adminToken();
  });
  afterAll(async () => await idp.close());

  it('let a role keep its attributes and lose its description when neither is given', async () => {
    await call('POST', '/roles', { name: 'r', description: 'd', attributes: { a: ['1'] } });
    await call('PUT', '/roles/r', { name: 'r' });
    expect((await call('GET', '/roles/r')).body).toMatchObject({ attributes: { a: ['1'] } });
    expect((await call('GET', '/roles/r')).body).not.toHaveProperty('description');
    await call('POST', '/roles', { name: 's' });
    expect((await call('PUT', '/roles/r', { name: 's' })).body).toEqual({
      error: 'conflict',
      error_description: 'Duplicate resource error',
    });
  });

  it('find groups whose names hold slashes by their path', async () => {
    const { id } = await call('POST', '/groups', { name: 'a' });
    await call('POST', `/groups/${id}/children`, { name: 'b/c' });
    await call('POST', '/groups', { name: 'a/b' });
    expect((await call('GET', '/group-by-path/a/b%2Fc')).body).toMatchObject({ name: 'b/c', path: '/a/b/c' });
    expect((await call('GET', '/group-by-path/a/b')).body).toMatchObject({ name: 'a/b' });
    expect((await call('GET', '/group-by-path/a/c')).status).toBe(404);
  });

  it('hold passwords to the policy, whoever sets them', async () => {
    const refusal = {
      error: 'invalidPasswordMinLengthMessage',
      error_description: 'Invalid password: minimum length 8.',
    };
    const short = [{ type: 'password', value: 'short' }];
    expect((await call('POST', '/users', { username: 'weak', credentials: short })).body).toEqual(refusal);
    expect((await call('GET', '/users?username=weak')).body).toEqual([]);
    const { id } = await call('POST', '/users', { username: 'strong' });
    expect((await call('PUT', `/users/${id}/reset-password`, { type: 'password', value: 'short' })).body).toEqual(
      refusal,
    );
    expect((await call('PUT', `/users/${id}/reset-password`, { type: 'password' })).body).toEqual({
      error: 'No password provided',
    });
    expect((await call('PUT', `/users/${id}/reset-password`, { type: 'password', value: 'long enough' })).status).toBe(
      204,
    );
  });

  it('name every fault of a user at once', async () => {
    const answer = await call('POST', '/users', { username: 'a<', email: 'nope' });
    expect(answer.body).toEqual({
      errors: [
        { field: 'username', errorMessage: 'error-invalid-length', params: ['username', 3, 255] },
        { field: 'username', errorMessage: 'error-username-invalid-character', params: ['username'] },
        { field: 'email', errorMessage: 'error-invalid-email', params: ['email', 'nope'] },
      ],
    });
  });

  it('take from a client that becomes public its secret, and from one without service account its scope', async () => {
    const { id } = await call('POST', '/clients', { clientId: 'c', secret: 's', serviceAccountsEnabled: true });
    await call('PUT', `/clients/${id}`, { publicClient: true, serviceAccountsEnabled: false });
    expect((await call('GET', `/clients/${id}/client-secret`)).body).toEqual({ type: 'secret' });
    const scopes = (await call('GET', `/clients/${id}/default-client-scopes`)).body as { name: string }[];
    expect(scopes.map((it) => it.name)).not.toContain('service_account');
    await call('PUT', `/clients/${id}`, { publicClient: false });
    const { value } = (await call('GET', `/clients/${id}/client-secret`)).body as { value: string };
    expect(value).toMatch(/^[\w-]{86}$/);
  });

  it('call a service account after its client, also when that is renamed', async () => {
    const { id } = await call('POST', '/clients', { clientId: 'Old', serviceAccountsEnabled: true });
    await call('PUT', `/clients/${id}`, { clientId: 'New' });
    expect((await call('GET', `/clients/${id}/service-account-user`)).body).toMatchObject({
      username: 'service-account-new',
    });
    expect((await call('GET', '/users?username=service-account-new&exact=true')).body).toHaveLength(1);
  });

  it('drop required actions that the realm has not, and register those it may have', async () => {
    const { id } = await call('POST', '/users', { username: 'acts', requiredActions: ['BANANA', 'VERIFY_EMAIL'] });
    expect((await call('GET', `/users/${id}`)).body).toMatchObject({ requiredActions: ['VERIFY_EMAIL'] });
    await call('DELETE', '/authentication/required-actions/VERIFY_EMAIL');
    expect((await call('GET', '/authentication/unregistered-required-actions')).body).toEqual([
      { name: 'Verify Email', providerId: 'VERIFY_EMAIL' },
    ]);
    await call('POST', '/authentication/register-required-action', {
      providerId: 'VERIFY_EMAIL',
      name: 'Verify Email',
    });
    expect((await call('GET', '/authentication/required-actions/VERIFY_EMAIL')).status).toBe(200);
  });

  it('keep an SMTP password that comes back masked, and want a sender', async () => {
    await call('PUT', '', { smtpServer: { host: 'h', from: 'a@example.com', password: 'p' } });
    expect((await call('GET', '')).body).toMatchObject({ smtpServer: { password: '**********' } });
    await call('PUT', '', { smtpServer: { host: 'h2', from: 'a@example.com', password: '**********' } });
    expect((await call('PUT', '', { smtpServer: { host: 'h' } })).status).toBe(400);
    const { body } = await call('GET', '');
    expect(body).toMatchObject({ smtpServer: { host: 'h2', password: '**********' } });
  });

  it('put a mail that is asked for where developers find it', async () => {
    await call('PUT', '', { smtpServer: {} });
    const { id } = await call('POST', '/users', { username: 'mailed', email: 'mailed@example.com', enabled: true });
    expect((await call('PUT', `/users/${id}/send-verify-email?redirect_uri=https://evil.example`)).status).toBe(400);
    expect((await call('PUT', `/users/${id}/send-verify-email`)).status).toBe(204);
    const mails = await (await fetch(`${idp.url}/dev/mail`)).text();
    expect(mails).toContain('mailed@example.com');
    expect((await call('PUT', `/users/${id}/execute-actions-email`, ['UPDATE_PASSWORD'])).status).toBe(500);
    expect((await call('PUT', `/users/${id}/execute-actions-email`, ['BANANA'])).status).toBe(400);
  });
});
