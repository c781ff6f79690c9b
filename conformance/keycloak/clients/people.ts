/** A realm with one person and one application in it. */
export interface People {
  readonly realm: string;
  readonly clientId: string;
  readonly secret: string;
  readonly username: string;
  readonly password: string;
}

/** Makes such a realm by the admin API, and deletes it afterwards. */
export async function withPeople<T>(base: string, realm: string, use: (people: People) => Promise<T>): Promise<T> {
  const form = new URLSearchParams({
    grant_type: 'password',
    client_id: 'admin-cli',
    username: 'admin',
    password: 'admin',
  });
  const call = async (method: string, path: string, body?: object): Promise<void> => {
    // A token of admin-cli lives a minute: each call has its own.
    const login = await fetch(`${base}/realms/master/protocol/openid-connect/token`, { method: 'POST', body: form });
    const { access_token: token } = (await login.json()) as { access_token?: string };
    const answer = await fetch(`${base}/admin${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok && !(method === 'DELETE' && answer.status === 404))
      throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  };
  const people = { realm, clientId: 'app', secret: 'app-secret', username: 'ann', password: 'ann-pw' };
  await call('DELETE', `/realms/${realm}`);
  await call('POST', '/realms', {
    realm,
    enabled: true,
    clients: [{ clientId: people.clientId, secret: people.secret, redirectUris: ['http://testserver/*'] }],
    users: [
      {
        ...{ username: people.username, enabled: true, email: 'ann@example.com', emailVerified: true },
        ...{ firstName: 'Ann', lastName: 'Lee', realmRoles: [`default-roles-${realm}`] },
        credentials: [{ type: 'password', value: people.password }],
      },
    ],
  });
  try {
    return await use(people);
  } finally {
    await call('DELETE', `/realms/${realm}`);
  }
}
