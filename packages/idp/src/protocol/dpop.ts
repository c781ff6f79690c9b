import { ok, type Result, refuse } from '@keyturn/protocol';
import type { FastifyRequest } from 'fastify';
import type { IdpContext } from '../context.ts';
import type { Client, Realm } from '../model/index.ts';

/**
 * Checks the request's DPoP proof, if it has one, and returns the thumbprint of its key; undefined without a proof,
 * which is refused where the client's tokens must be bound. With `accessToken` the proof must be made for it.
 */
export async function checkDpop(
  context: IdpContext,
  realm: Realm,
  request: FastifyRequest,
  client?: Client,
  accessToken?: string,
): Promise<Result<string | undefined, string>> {
  const proof = request.headers['dpop'];
  if (proof === undefined) {
    return client?.attributes['dpop.bound.access.tokens'] === 'true' ? refuse('DPoP proof is missing') : ok(undefined);
  }
  // Loaded when first needed: few clients use it.
  const { checkProof } = await import('./dpop-proof.ts');
  return await checkProof(context, realm, request, proof, accessToken);
}
