import { metadataUrlOf } from '../../http/challenges.ts';
import type { Frame } from '../../http/frame.ts';

export interface ProtectedResource {
  /** The canonical URL of the resource, without a trailing slash. RFC 8707 §2, RFC 9728 §1.2. */
  readonly resource: string;
  readonly issuer: string;
  readonly scopes: readonly string[];
}

/** Serves the metadata of one resource at its place. It needs no token: it is what a caller without one is pointed to. */
export function mountMetadata(frame: Frame, resource: ProtectedResource): void {
  const document = {
    resource: resource.resource,
    authorization_servers: [resource.issuer],
    bearer_methods_supported: ['header'],
    resource_name: 'Keyturn',
    ...(resource.scopes.length === 0 ? {} : { scopes_supported: resource.scopes }),
  };
  frame.app.get(new URL(metadataUrlOf(resource.resource)).pathname, async (_request, reply) =>
    // Browser-based MCP clients read this across origins; it holds nothing secret.
    reply.header('access-control-allow-origin', '*').header('cache-control', 'public, max-age=300').send(document),
  );
}
