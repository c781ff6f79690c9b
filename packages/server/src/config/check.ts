import { type IdpFault, resolveIdp } from './idp.ts';
import { resolveLogin } from './resolve-login.ts';
import { resolvePat } from './resolve-pat.ts';
import type { Settings } from './schema.ts';

/** What is wrong between settings that are each right by themselves: names of the issuer that disagree, parts missing. */
export function checkSettings(settings: Settings): readonly IdpFault[] {
  const idp = resolveIdp(settings);
  if (!idp.ok) return idp.refusal;
  const pat = resolvePat(settings, idp.value.tokenEndpoint);
  const login = resolveLogin(settings);
  return [...(pat.ok ? [] : pat.refusal), ...(login.ok ? [] : login.refusal)];
}
