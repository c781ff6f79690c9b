import type { Clock, Random } from '@keyturn/protocol';
import type { TokenEndpoint } from '../../http/token-endpoint.ts';
import type { Grants } from './grants.ts';
import type { MemoryIssuer } from './memory-issuer.ts';
import type { PatKind, PatOwner } from './pat.ts';
import type { PatRepository } from './repository.ts';

/** What the rules of this feature need from outside. */
export interface PatParts {
  readonly repository: PatRepository;
  readonly clock: Clock;
  readonly random: Random;
  readonly policy: PatPolicy;
  /** Which kinds can be made here: those whose part is given. */
  readonly issuers: {
    readonly reference:
      | { readonly grants: Grants; readonly grantUrl: (owner: PatOwner) => Promise<string> }
      | undefined;
    readonly jwt: TokenEndpoint | undefined;
    readonly memory: MemoryIssuer | undefined;
  };
}

/** Seconds, and how many. */
export interface PatPolicy {
  readonly kind: PatKind;
  readonly defaultLifetime: number;
  readonly maxLifetime: number;
  readonly defaultOverlap: number;
  readonly maxOverlap: number;
  readonly maxPerOwner: number;
}

export function kindsOf({ issuers }: PatParts): readonly PatKind[] {
  return (['reference', 'jwt', 'memory'] as const).filter((kind) => issuers[kind] !== undefined);
}
