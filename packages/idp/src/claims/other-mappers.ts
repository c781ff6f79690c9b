import type { ClaimMapper } from './context.ts';
import { putClaim } from './put-claim.ts';

/** `oidc-hardcoded-claim-mapper`: the same value in every token. */
export const hardcodedClaim: ClaimMapper = (_context, config, claims) => {
  putClaim(claims, config, config['claim.value']);
};

/** `oidc-usersessionmodel-note-mapper`: a note of the session; `AUTH_TIME` is the second of the interactive login. */
export const sessionNote: ClaimMapper = ({ session }, config, claims) => {
  const note = config['user.session.note'] ?? '';
  if (note === 'AUTH_TIME') putClaim(claims, config, session?.authTime);
  else putClaim(claims, config, session?.notes[note]);
};

/** `oidc-acr-mapper`: the level that the login reached; 1 unless the session says otherwise. */
export const acr: ClaimMapper = ({ session }, _config, claims) => {
  claims['acr'] = session?.acr ?? '1';
};

/** `oidc-allowed-origins-mapper`: the client's web origins; `+` stands for the origins of its redirect URIs. */
export const allowedOrigins: ClaimMapper = ({ client }, _config, claims) => {
  const origins = webOriginsOf(client);
  if (origins.length > 0) claims['allowed-origins'] = origins;
};

/** `oidc-session-state-mapper`: the old name of `sid`. */
export const sessionState: ClaimMapper = (_context, _config, claims) => {
  if (claims['sid'] !== undefined) claims['session_state'] = claims['sid'];
};

/** `oidc-nonce-backwards-compatible-mapper`: the nonce in every token, not in the ID token alone. */
export const nonce: ClaimMapper = (context, _config, claims) => {
  if (context.nonce !== undefined) claims['nonce'] = context.nonce;
};

/** Does nothing: the embedded IdP has no organizations, no `amr` of its own and no `claims` parameter. */
export const nothing: ClaimMapper = () => {};

/** A client's web origins with `+` resolved. */
export function webOriginsOf(client: {
  readonly webOrigins: readonly string[];
  readonly redirectUris: readonly string[];
  readonly rootUrl?: string;
}): readonly string[] {
  const origins = client.webOrigins.flatMap((origin) => {
    if (origin !== '+') return [origin];
    return client.redirectUris.flatMap(
      (uri) => originOf(uri.startsWith('/') ? `${client.rootUrl ?? ''}${uri}` : uri) ?? [],
    );
  });
  return [...new Set(origins)];
}

function originOf(uri: string): string | undefined {
  return /^https?:\/\/[^/*?#]+/i.exec(uri)?.[0];
}
