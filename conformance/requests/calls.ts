/** The tokens of the seed's two clients. */
export interface People {
  readonly agent: string;
  readonly reviewer: string;
}

/** What an agent or a reviewer does with a request. */
export async function post(
  url: string,
  token: string,
  name: string,
  verb: string,
): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${url}/agent-requests/${name}/${verb}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: '{}',
  });
  return { status: answer.status, text: await answer.text() };
}
