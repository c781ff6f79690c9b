import { openMcp, type McpParts } from '../features/mcp/open-mcp.ts';
import type { McpDoor } from '../features/mcp/routes.ts';
import { openSources } from '../features/sources/open-sources.ts';
import { sourcesChannel } from '../features/sources/repository.ts';
import { neededScopes } from '../features/tools/caller-scopes.ts';
import type { Catalogue } from '../features/tools/catalogue.ts';
import { openTools } from '../features/tools/open-tools.ts';
import type { Frame } from '../http/frame.ts';
import { insufficientScope, type ScopeChallenge } from '../http/insufficient-scope.ts';
import { allowedHosts } from '../http/origins.ts';
import type { Resource } from '../http/rooms.ts';
import type { Seal } from '../outside/seal.ts';
import type { Outbound } from './outbound.ts';
import type { InTheHouse } from './shared.ts';

export interface ToolSideParts
  extends InTheHouse,
    Pick<Outbound, 'idpFetch' | 'upstreamFetch' | 'clients' | 'breakers' | 'hop' | 'traces'>,
    Pick<McpParts, 'peopleLogIn' | 'settled'> {
  readonly version: string;
  /** The canonical URL of the MCP endpoint. */
  readonly mcpResource: string;
  readonly challenges: Readonly<Record<Resource, ScopeChallenge>>;
  readonly tokenEndpoint: string;
  readonly seal: Seal | undefined;
}

export interface ToolSide {
  readonly catalogue: () => Catalogue;
  /** The registry, the REST routes, the MCP door; follows what other replicas change of the sources. */
  readonly mount: (frame: Frame) => Promise<void>;
  /** Begins to re-sync sources. */
  readonly start: () => Promise<void>;
  readonly close: () => void;
}

/** Tools: the sources that they come from, the catalogue and the call, and MCP as the second door to them. */
export async function openToolSide(parts: ToolSideParts): Promise<ToolSide> {
  const { settings, challenges, metrics, store } = parts;
  const toUpstreams = { fetch: parts.upstreamFetch, breakerOf: parts.breakers.of };
  const sources = openSources({
    ...parts,
    ...toUpstreams,
    settings: settings.tools,
    client: parts.clients.exchange,
    tokenBreaker: parts.hop.breaker,
  });
  // Another replica may change the list before there is a door that could tell anybody.
  let door: McpDoor | undefined;
  const { catalogue, ...tools } = await openTools({
    ...parts,
    ...toUpstreams,
    settings: settings.tools,
    offered: sources.offered,
    ownCredential: sources.ownCredential,
    callMcp: sources.callMcp,
    stepUp: ({ principal }, { tool }, at) =>
      insufficientScope(principal.scopes, neededScopes(settings.tools.callerScopes, tool), challenges[at]),
    changed: () => door?.toolsChanged(),
    count: metrics.toolCall,
  });
  return {
    catalogue: catalogue.current,
    async mount(frame) {
      sources.mount(frame, catalogue.reload);
      await tools.mount(frame);
      door = await openMcp({
        ...parts,
        frame,
        settings: settings.mcp,
        toolbox: tools.mcpDoor,
        resource: parts.mcpResource,
        isAllowedHost: allowedHosts(settings.http, parts.publicUrl),
        challenge: challenges.mcp,
        count: metrics.mcpOperation,
      });
      await store.listen(sourcesChannel, () => void catalogue.reload(), catalogue.reload);
    },
    start: sources.start,
    close: sources.close,
  };
}
