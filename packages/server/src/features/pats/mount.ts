import { type Clock, refuse } from '@keyturn/protocol';
import type { RolesOf } from '../../http/caller.ts';
import type { Doors } from '../../http/doors.ts';
import type { Frame } from '../../http/frame.ts';
import type { House } from '../../http/pass.ts';
import { explainRefusal } from '../../http/refusals.ts';
import { identifyBy } from '../../http/who.ts';
import { mountIntrospection } from './introspection.ts';
import type { Pats } from './open-pats.ts';
import { mountPats } from './routes.ts';
import { mountRevocationStream } from './stream.ts';

/** Everything that the feature answers: its own API, introspection (RFC 7662), the stream of revocations; and whose streams it ends. */
export function mountPatFeature(
  frame: Frame,
  house: House,
  { rules, revocations, port, settings, onEnded }: Pats,
  parts: Doors & {
    readonly issuer: string;
    readonly adminRole: string;
    readonly clock: Clock;
    readonly rolesOf: RolesOf;
    /** Keyturn's own, whose tokens are judged here beside those for the services that ask. */
    readonly audiences: readonly string[];
  },
): void {
  const { issuer, adminRole, clock, doors, doorFor, rolesOf, audiences } = parts;
  const { introspectionClients: clients, revocationsRole: role } = settings;
  const asked = doorFor([...audiences, ...Object.keys(clients)]);
  const identify = identifyBy({ ...doors, edge: asked }, rolesOf, port);
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
