import type { Claims, Result } from '@keyturn/protocol';
import { ok, refuse } from '@keyturn/protocol';
import { isTexts } from './claims.ts';
import type { TokenRefusal } from './refusal.ts';

/**
 * The audiences of a token that is meant for one of ours. `aud` is one text or a list of texts (RFC 7519 §4.1.3);
 * a list with anything else in it is refused whole, and so is a token meant for nobody in particular.
 */
export function checkAudience(claims: Claims, expected: ReadonlySet<string>): Result<readonly string[], TokenRefusal> {
  const { aud } = claims;
  if (aud !== undefined && !isTexts(aud)) return refuse({ why: 'claim', claim: 'aud', fault: 'not text' });
  const got = aud === undefined ? [] : typeof aud === 'string' ? Object.freeze([aud]) : aud;
  // Counted, here and in `isTexts`: an iterator for each token would cost as much as the check.
  for (let i = 0; i < got.length; i++) if (expected.has(got[i] ?? '')) return ok(got);
  return refuse({ why: 'audience', got, expected: [...expected], client: claims.azp ?? claims.client_id });
}
