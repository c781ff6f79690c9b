import type { Server } from 'node:http';
import { newId, type Random } from '@keyturn/protocol';
import type { EdgeSettings } from '../../config/edge.ts';
import type { House } from '../../http/pass.ts';
import type { Problem } from '../../http/problem.ts';
import type { Log } from '../../outside/log.ts';
import type { Metrics } from '../../outside/metrics.ts';
import { createDecision } from './decision.ts';
import { mountHttpDoors } from './http-doors.ts';
import { readProxies } from './proxies.ts';

export interface EdgeOptions {
  readonly settings: EdgeSettings;
  readonly audiences: readonly string[];
  readonly house: House;
  /** The frame's server, in front of which the HTTP doors stand. */
  readonly server: Server;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
}

export interface Edge {
  /** Opens the gRPC door. The HTTP doors open with the frame. */
  readonly listen: () => Promise<string>;
  readonly close: () => Promise<void>;
}

/**
 * Builds the doors for proxies on one decision. Checks are counted, and refusals logged; there is no audit row for each
 * request that passes a proxy (docs/decisions/0023-edge-checks-are-counted.md).
 */
export function openEdge({ settings, audiences, house, server, random, metrics, log }: EdgeOptions): Edge {
  const decide = createDecision({ house, settings, audiences });
  const parts = {
    decide,
    isProxy: readProxies(settings.proxies),
    allowed: (door: string): void => metrics.edgeCheck({ door, outcome: 'allowed' }),
    refused: (door: string, { code, status, detail }: Problem): string => {
      const requestId = newId('rid', random);
      metrics.edgeCheck({ door, outcome: code });
      log.info({ request_id: requestId, door, status, code, detail }, 'edge check refused');
      return requestId;
    },
  };
  const httpDoors = mountHttpDoors(server, parts);
  // Loading connect costs some 50 ms, which only those who open the door should wait for.
  const opened = import('./grpc-door.ts').then(({ createGrpcDoor }) => createGrpcDoor(parts));
  return {
    listen: async () => (await opened).listen({ host: settings.grpcHost, port: settings.grpcPort }),
    async close() {
      httpDoors.close();
      await (await opened).close();
    },
  };
}
