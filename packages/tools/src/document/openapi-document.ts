import type { JsonObject } from '@keyturn/protocol';

/** An OpenAPI document that has been read and checked: every reference in it leads somewhere within it. */
export interface OpenApiDocument {
  /** As the document says it, such as `3.1.0`. A 2.0 document has been converted, and `root` is 3.0. */
  readonly version: string;
  /** Schemas are JSON Schema 2020-12 from 3.1 on, and a dialect of their own before. */
  readonly dialect: '3.0' | '3.1';
  readonly title: string;
  readonly description: string | undefined;
  /** Where it came from: what relative server addresses are relative to. */
  readonly location: string | undefined;
  readonly root: JsonObject;
  /** What is not as it should be, but does no harm; for the person who registers it. */
  readonly warnings: readonly string[];
}
