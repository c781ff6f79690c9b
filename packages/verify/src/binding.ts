import type { Claims } from '@keyturn/protocol';
import { isJsonObject } from '@keyturn/protocol';

/** Whose key a token is bound to: by thumbprint for DPoP (RFC 9449 §6.1), or in some way that is not supported. */
export type Binding = { readonly jkt: string } | { readonly unsupported: string };

/** The binding of a token, or undefined for a plain bearer token. `cnf` of any form binds (RFC 7800 §3.1). */
export function bindingOf(claims: Claims): Binding | undefined {
  const { cnf, typ } = claims;
  // Keycloak marks the kind as well; a token that says DPoP and names no key is bound to nobody's.
  if (cnf === undefined) return isDpopType(typ) ? { unsupported: 'no key' } : undefined;
  if (!isJsonObject(cnf)) return { unsupported: 'a malformed cnf' };
  const methods = Object.keys(cnf);
  const [method] = methods;
  return methods.length === 1 && typeof cnf.jkt === 'string'
    ? { jkt: cnf.jkt }
    : { unsupported: methods.length === 1 && method !== undefined ? method : 'several or no methods' };
}

function isDpopType(typ: unknown): boolean {
  return typeof typ === 'string' && typ.length === 4 && typ.toLowerCase() === 'dpop';
}
