import { ok, type Result, refuse } from '@keyturn/protocol';
import { type IdpAddresses, type IdpFault, resolveIdp } from './idp.ts';
import { type ResolvedLogin, resolveLogin } from './resolve-login.ts';
import { type ResolvedPat, resolvePat } from './resolve-pat.ts';
import type { Settings } from './schema.ts';

/** What settings come to that mean something only together. */
export interface ResolvedSettings {
  readonly idp: IdpAddresses;
  readonly pat: ResolvedPat | undefined;
  readonly login: ResolvedLogin | undefined;
}

/** Refused with every fault at once; without an identity provider the others cannot be judged. */
export function resolveSettings(settings: Settings): Result<ResolvedSettings, readonly IdpFault[]> {
  const idp = resolveIdp(settings);
  if (!idp.ok) return idp;
  const pat = resolvePat(settings, idp.value.tokenEndpoint);
  const login = resolveLogin(settings);
  if (!pat.ok || !login.ok) return refuse([pat, login].flatMap((each) => (each.ok ? [] : each.refusal)));
  return ok({ idp: idp.value, pat: pat.value, login: login.value });
}
