/** A token of the administrator whom the embedded identity provider and the suites' Keycloak are started with. */
export async function adminToken(idpUrl: string): Promise<string> {
  const answer = await fetch(`${idpUrl}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', username: 'admin', password: 'admin' }),
  });
  const { access_token: token } = (await answer.json()) as { readonly access_token?: string };
  if (token === undefined) throw new Error(`${idpUrl} gave its administrator no token: it answered ${answer.status}`);
  return token;
}
