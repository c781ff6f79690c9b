/** From the root down: names of members and indexes of items. */
export type Path = readonly (string | number)[];

/** Something in a document that tools cannot be made of. */
export interface DocumentFault {
  readonly why: 'invalid' | 'reference';
  readonly message: string;
  readonly path: Path;
}
