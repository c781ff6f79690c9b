/**
 * The embedded identity provider: behaves as Keycloak 26.7 does at its HTTP endpoints, starts in a second and needs
 * neither Java nor a database server. It is for development, tests and evaluation; production belongs on Keycloak.
 *
 * `createIdp` opens one (`create-idp.ts`); `routes.ts` is every endpoint on one page. Below them: `model/` is what a
 * realm is made of, `tokens/` and `claims/` make tokens, `protocol/` answers programs, `admin/` administrators,
 * `browser/` people. `@keyturn/idp/testing` starts one inside a test with fixed keys.
 */
export { createIdp, type Idp, type IdpOptions } from './create-idp.ts';
export type { HttpSettings } from './http/settings.ts';
export type { Imported, ImportRefusal } from './import/realm.ts';
export type { LineLog } from './log.ts';
