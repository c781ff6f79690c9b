/**
 * The pizzeria: an upstream as other teams write them. It has an OpenAPI 3.1 document, a menu and orders, and it
 * trusts nobody: every call needs a token whose signature, `iss` and `aud` it checks itself, and every answer says
 * whom it saw. What it sees is how the examples prove that Keyturn exchanged the caller's token.
 */
export { buildOpenApi } from './openapi.ts';
export { openPizzeria, type Pizzeria, type PizzeriaOptions } from './pizzeria.ts';
