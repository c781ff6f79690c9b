import { type Clock, refuse } from '@keyturn/protocol';
import type { PatSettings } from '../../config/pat.ts';
import type { Frame } from '../../http/frame.ts';
import type { House } from '../../http/pass.ts';
import { explainRefusal, type WhoRefusal } from '../../http/refusals.ts';
import type { RoomParts } from '../../http/rooms.ts';
import { mountIntrospection } from './introspection.ts';
import type { Pats } from './open-pats.ts';
import { mountPats } from './routes.ts';
import { mountRevocationStream } from './stream.ts';

/** Everything that the feature answers: its own API, introspection (RFC 7662), the stream of revocations; and whose streams it ends. */
export function mountPatFeature(
  frame: Frame,
  house: House,
  { rules, revocations, onEnded }: Pats,
  parts: {
    readonly settings: PatSettings;
    readonly issuer: string;
    readonly adminRole: string;
    readonly clock: Clock;
    /** Who is behind a token that a service asks about. */
    readonly identify: RoomParts<WhoRefusal, never>['identify'];
  },
): void {
  const { issuer, adminRole, clock, identify } = parts;
  const { introspectionClients: clients, revocationsRole: role } = parts.settings;
  mountPats(frame, rules, { issuer, adminRole });
  mountRevocationStream(frame, house, { revocations, clock, role, adminRole });
  mountIntrospection(frame, house, {
    clients,
    role,
    adminRole,
    judge: async (token, audience) => {
      const judged = await identify(token, 'edge', { address: undefined, audience });
      return judged.ok ? judged : refuse({ unavailable: explainRefusal({ room: 'who', ...judged }).status === 503 });
    },
  });
  onEnded(frame.endStreams);
}
