import type { Breaker } from '@keyturn/exchange';
import type { GuardedFetch } from '@keyturn/net';
import { bytes, type Clock, mebibytes, type Random, type Result, refuse, seconds } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { Settings } from '../../config/schema.ts';
import type { Frame } from '../../http/frame.ts';
import type { TokenEndpoint } from '../../http/token-endpoint.ts';
import type { Log } from '../../outside/log.ts';
import type { Seal } from '../../outside/seal.ts';
import { mountSourceHealth } from './health-routes.ts';
import { createMcpCaller, type McpCaller } from './mcp-call.ts';
import { rememberEras } from './mcp-eras.ts';
import { readMcpTools } from './mcp-tools.ts';
import { createOffer, type OfferedSource } from './offer.ts';
import { createOwnCredentials, type OwnCredential, type OwnCredentialRefusal } from './own-credential.ts';
import type { SourceParts } from './parts.ts';
import { passthroughWarning } from './passthrough.ts';
import { openSourceRepository } from './repository.ts';
import { mountSources } from './routes.ts';
import { startSyncTimer } from './sync-timer.ts';
import { mountSourceTools } from './tool-routes.ts';

export interface SourcesOptions {
  readonly settings: Settings['tools'];
  readonly adminRole: string;
  readonly store: Store;
  readonly fetch: GuardedFetch;
  readonly idpFetch: GuardedFetch;
  readonly seal: Seal | undefined;
  /** Keyturn's own client. */
  readonly client: TokenEndpoint | undefined;
  readonly tokenEndpoint: string;
  /** Of the token endpoint, as the exchanges have it. */
  readonly tokenBreaker: Breaker | undefined;
  readonly breakerOf: (sourceId: string) => Breaker;
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface Sources {
  /** What all enabled sources offer. */
  readonly offered: () => Promise<readonly OfferedSource[]>;
  readonly ownCredential: (sourceId: string, fresh: boolean) => Promise<Result<OwnCredential, OwnCredentialRefusal>>;
  /** Calls a tool of an MCP server. */
  readonly callMcp: McpCaller;
  /** `changed` reads the catalogue of this replica again. */
  readonly mount: (frame: Frame, changed: () => Promise<void>) => void;
  /** Begins to re-sync by timer, and says what an operator should know of the sources that are there. */
  readonly start: () => Promise<void>;
  readonly close: () => void;
}

/** Builds the feature from its parts. */
export function openSources(options: SourcesOptions): Sources {
  const { settings, store, fetch, seal, version, clock, random, log } = options;
  const eras = rememberEras();
  const repository = openSourceRepository(store);
  const offered = createOffer(repository);
  const { failureThreshold, recoveryTimeout } = settings;
  const breakerSettings = { failureThreshold, recoveryTimeout: seconds(recoveryTimeout) };
  const ownCredential = createOwnCredentials({ ...options, breakerSettings });
  let changed = async (): Promise<void> => undefined;
  let stop = (): void => undefined;
  const documentLimit = bytes(settings.documentLimit);
  const parts: SourceParts = {
    repository,
    fetch,
    clock,
    random,
    seal,
    documentLimit,
    documentCosts: {
      time: seconds(settings.documentTimeout),
      memory: settings.documentMemory,
      bytes: documentLimit,
    },
    resyncInterval: seconds(settings.resyncInterval),
    changed: () => changed(),
    readMcp: (source) => readMcpTools({ fetch, ownCredential, limit: documentLimit, version, eras }, source),
    version,
  };
  const warn = (source: Parameters<typeof passthroughWarning>[0]) =>
    passthroughWarning(source, settings.allowPassthrough);
  return {
    offered,
    async ownCredential(sourceId, fresh) {
      const source = await repository.byId(sourceId);
      return source === undefined ? refuse({ why: 'not-configured' }) : ownCredential(source, fresh);
    },
    callMcp: createMcpCaller({ fetch, version, eras }),
    mount(frame, whenChanged) {
      changed = whenChanged;
      const { adminRole, breakerOf } = options;
      // A document as text in JSON: its quotes and line ends are escaped, so that it is longer there.
      const documentBody = Math.ceil(settings.documentLimit * 1.5) + mebibytes(1);
      mountSources(frame, parts, { adminRole, warn, documentBody });
      mountSourceTools(frame, parts, { adminRole });
      mountSourceHealth(frame, parts, { adminRole, breakerOf });
    },
    async start() {
      for (const source of await repository.all()) {
        const warning = warn(source);
        if (warning !== undefined) log.warn({ source: source.slug }, warning);
      }
      stop = await startSyncTimer(parts, (error) => log.error({ error: String(error) }, 're-syncing sources failed'));
    },
    close: () => stop(),
  };
}
