/** Access tokens of the seed's two clients. */
export interface Tokens {
  readonly agent: string;
  readonly reviewer: string;
}

/** What an agent asks for by seed 001's step 5. The name of the request; undefined where the answer did not come. */
export async function ask(url: string, token: string): Promise<string> {
  const body = { action: 'scale-down', targetURI: 'k8s://prod/default/deployment/payment-api', reason: 'bench' };
  const answer = await post(`${url}/agent-requests`, token, body);
  const { name } = (await answer.json()) as { name?: string };
  if (answer.status !== 201 || name === undefined) throw new Error(`POST /agent-requests answered ${answer.status}`);
  return name;
}

export async function decide(url: string, token: string, name: string, verb: string): Promise<void> {
  const answer = await post(`${url}/agent-requests/${name}/${verb}`, token, {});
  if (answer.status !== 200) throw new Error(`${verb} answered ${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
}

function post(url: string, token: string, body: object): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
}
