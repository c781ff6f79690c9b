import type { GuardedFetch } from '@keyturn/net';
import { type Clock, seconds } from '@keyturn/protocol';
import { createVerifier, type VerifierOptions } from '@keyturn/verify';
import type { IdpAddresses } from '../config/idp.ts';
import type { Settings } from '../config/schema.ts';
import type { Resource } from './rooms.ts';
import type { Door } from './who.ts';

export interface DoorsParts {
  readonly settings: Pick<Settings, 'auth' | 'edge'>;
  readonly idp: IdpAddresses;
  readonly publicUrl: string;
  /** The canonical URL of the MCP endpoint. */
  readonly mcpResource: string;
  readonly fetch: GuardedFetch;
  readonly clock: Clock;
  /** Where tokens are asked about that may have been revoked; undefined where none can be. */
  readonly revocation: VerifierOptions['revocation'];
}

export interface Doors {
  readonly doors: Readonly<Record<Resource, Door>>;
  /** A door of its own for these audiences. */
  readonly doorFor: (audiences: readonly string[]) => Door;
  /** What every token is held to, for these audiences. */
  readonly rulesFor: (audiences: readonly string[]) => VerifierOptions;
}

/** Doors that hold tokens to the same rules, each for audiences of its own: whatever is for one is refused at the others. */
export function openDoors({ settings, idp, publicUrl, mcpResource, fetch, clock, revocation }: DoorsParts): Doors {
  const { auth, edge } = settings;
  const rulesFor = (audience: readonly string[]): VerifierOptions => ({
    issuer: idp.issuer,
    ...(idp.jwksUrl === undefined ? { discovery: true } : { jwksUri: idp.jwksUrl }),
    identityClaim: auth.identityClaim ?? 'sub',
    clockTolerance: seconds(auth.clockTolerance),
    fetch,
    clock,
    ...(revocation === undefined ? {} : { revocation }),
    audience,
  });
  const doorFor = (audiences: readonly string[]): Door => ({
    verifier: createVerifier(rulesFor([...new Set(audiences)])),
    audiences,
  });
  const edgeAudiences = edge?.audiences ?? auth.audiences;
  const audiencesOfRoutes = edge?.routes.flatMap((route) => route.audience ?? []) ?? [];
  return {
    doors: {
      rest: doorFor([...auth.audiences, publicUrl]), // its own URL too, which RFC 9728 tells clients to ask for
      mcp: doorFor([mcpResource]),
      // A rule may name another audience; without one, a token must be for the edge's own.
      edge: { ...doorFor([...edgeAudiences, ...audiencesOfRoutes]), audiences: edgeAudiences },
    },
    doorFor,
    rulesFor,
  };
}
