import type { GuardedFetch } from '@keyturn/net';
import { type Bytes, type Result, refuse } from '@keyturn/protocol';
import type { OwnCredential, OwnCredentialRefusal, OwnedSource } from './own-credential.ts';
import type { McpReading, McpToRead } from './parts.ts';
import type { SourceRefusal } from './refusals.ts';

export interface McpReadingParts {
  readonly fetch: GuardedFetch;
  readonly ownCredential: (source: OwnedSource) => Promise<Result<OwnCredential, OwnCredentialRefusal>>;
  readonly limit: Bytes;
  readonly version: string;
}

export async function readMcpTools(
  _parts: McpReadingParts,
  source: McpToRead,
): Promise<Result<McpReading, SourceRefusal>> {
  return refuse({ why: 'mcp-unreachable', url: source.url ?? '', message: 'not yet' });
}
