import { type Bytes, mebibytes } from '@keyturn/protocol';

/** What a document may be at most. Each is beyond the largest public documents known, and each has a test. */
export const documentLimits: {
  readonly bytes: Bytes;
  readonly operations: number;
  readonly nodes: number;
  readonly depth: number;
} = {
  /** Of text, before it is read. */
  bytes: mebibytes(20),
  /** Operations, which is tools, in one document. */
  operations: 5000,
  /** Values in the document, each alias of YAML counted with all that it stands for: this ends "billion laughs". */
  nodes: 2_000_000,
  /** Values within values. */
  depth: 200,
};
