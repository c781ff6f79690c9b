import type { Breaker } from '@keyturn/exchange';
import type { GuardedFetch } from '@keyturn/net';
import { bytes, type Clock, type Random, seconds, toMilliseconds } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { Settings } from '../../config/schema.ts';
import type { Frame } from '../../http/frame.ts';
import type { House } from '../../http/pass.ts';
import type { Log } from '../../outside/log.ts';
import { keepAccess } from './access/keep-access.ts';
import { accessChannel, openAccessRepository } from './access/repository.ts';
import { mountAccess } from './access/routes.ts';
import type { ToolSource } from './catalogue.ts';
import { type CatalogueKeeper, keepCatalogue } from './catalogue-keeper.ts';
import { openMcpDoor } from './mcp-door.ts';
import { mountTools } from './routes.ts';
import { createToolbox, type ToolboxParts } from './toolbox.ts';

export interface ToolsOptions extends Pick<ToolboxParts, 'stepUp' | 'count' | 'ownCredential' | 'callMcp'> {
  readonly settings: Settings['tools'];
  readonly adminRole: string;
  readonly house: House;
  /** What all sources offer. */
  readonly offered: () => Promise<readonly ToolSource[]>;
  readonly breakerOf: (sourceId: string) => Breaker;
  /** The fetch for upstreams. */
  readonly fetch: GuardedFetch;
  /** Called whenever what callers see may have changed. */
  readonly changed: () => void;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface Tools {
  readonly catalogue: CatalogueKeeper;
  /** The tools as the MCP door lists and calls them. */
  readonly mcpDoor: ReturnType<typeof openMcpDoor>;
  /** The REST routes of tools, groups and access policies; follows what other replicas change of the latter. */
  readonly mount: (frame: Frame) => Promise<void>;
}

/** Builds the feature from its parts: the catalogue, who sees what of it, and the toolbox that both doors call. */
export async function openTools(options: ToolsOptions): Promise<Tools> {
  const { settings, adminRole, house, store, clock, random, log } = options;
  const catalogue = await keepCatalogue(options.offered, options.changed);
  const repository = openAccessRepository(store);
  const keeper = await keepAccess(repository, {
    catalogue: catalogue.current,
    withoutPolicy: settings.withoutAccessPolicy,
    changed: options.changed,
  });
  const toolbox = createToolbox({
    house,
    fetch: options.fetch,
    allowPassthrough: settings.allowPassthrough,
    passedThrough: ({ slug }) => log.debug({ source: slug }, 'No audience specified, using agent token directly'),
    ownCredential: options.ownCredential,
    breakerOf: ({ id }) => options.breakerOf(id),
    callMcp: options.callMcp,
    responseLimit: bytes(settings.responseLimit),
    timeout: toMilliseconds(seconds(settings.timeout)),
    catalogue: catalogue.current,
    visibleTo: keeper.visibleTo,
    clock,
    stepUp: options.stepUp,
    count: options.count,
    note: (facts, sentence) => log.warn(facts, sentence),
  });
  return {
    catalogue,
    mcpDoor: openMcpDoor(toolbox, house),
    async mount(frame) {
      mountTools(frame, toolbox);
      mountAccess(frame, { repository, keeper, adminRole, clock, random });
      await store.listen(accessChannel, () => void keeper.reload(), keeper.reload);
    },
  };
}
