const never = (): never => {
  throw new Error('no route has a schema');
};

/** For servers whose routes have no schema: unless told so, fastify loads the compilers for them, megabytes of code. */
export const noSchemas = { compilersFactory: { buildValidator: never, buildSerializer: never } };
