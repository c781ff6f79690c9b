import { BlockList, isIPv6 } from 'node:net';
import { hash } from 'node:crypto';
import {
  type Clock,
  type EpochMilliseconds,
  ok,
  type Principal,
  type Result,
  refuse,
  unreachable,
} from '@keyturn/protocol';
import type { Standing } from '@keyturn/verify';
import type { Caller, PatLimits } from '../../http/caller.ts';
import type { PatContext, PatEntrance, PatPort, PatRefusal } from '../../http/pat-port.ts';
import type { PatBook } from './book.ts';
import type { MemoryIssuer } from './memory-issuer.ts';
import type { Owners } from './owners.ts';
import { claimsToBeReference, isReferenceToken } from './reference-token.ts';
import type { FoundPat, PatKey } from './repository.ts';
import type { Revocations } from './revocations.ts';
import type { Swap, SwapRefusal } from './swap.ts';

export interface DoorParts {
  readonly issuer: string;
  /** `azp` of the tokens that are `jwt` personal access tokens; undefined if none are issued. */
  readonly jwtClient: string | undefined;
  readonly book: PatBook;
  readonly revocations: Revocations;
  readonly swap: Swap | undefined;
  /** `azp` of the tokens of offline grants; undefined if there are none. */
  readonly grantClient: string | undefined;
  readonly memory: MemoryIssuer | undefined;
  readonly owners: Owners | undefined;
  readonly clock: Clock;
}

/**
 * How personal access tokens come in. A reference token is looked up by its hash and swapped; a JWT is verified like any
 * other, and then looked up by its `jti`, because its issuing client (`azp`) says that it must be in the table. No token is
 * known by its text: a JWT has several spellings that verify, and each hashes differently.
 */
export function openPatDoor(parts: DoorParts): PatPort {
  const { book, revocations, clock, owners } = parts;

  const isOurs = (principal: Principal): boolean =>
    parts.jwtClient !== undefined && principal.client === parts.jwtClient && principal.issuer === parts.issuer;

  const stand = (key: PatKey, now: EpochMilliseconds) => book.stand(key, now) ?? book.look(key);

  /** What holds for every kind once the token is known to stand. */
  const admit = (found: FoundPat, context: PatContext): Result<NonNullable<Caller['pat']>, PatRefusal> => {
    const { id, kind, limits } = found.pat;
    if (!isInside(limits, context.address)) return refuse({ why: 'pat-address', address: context.address });
    if (audienceFor(limits, context) === undefined)
      return refuse({ why: 'pat-audience', audiences: context.audiences });
    book.use(found, clock(), context.address);
    const realmRolesNow = kind === 'jwt' ? found.owner?.realmRoles : undefined;
    return ok({ id, kind, limits, ...(realmRolesNow === undefined ? {} : { realmRolesNow }) });
  };

  const enterReference = async (token: string, context: PatContext): Promise<Result<PatEntrance, PatRefusal>> => {
    const { swap } = parts;
    if (swap === undefined || !isReferenceToken(token)) return refuse({ why: 'pat-malformed' });
    const key: PatKey = `hash:${hash('sha256', token)}`;
    const stood = await stand(key, clock());
    if (!stood.ok) return stood;
    const { pat } = stood.value;
    const admitted = admit(stood.value, context);
    if (!admitted.ok) return admitted;
    const audience = audienceFor(pat.limits, context) ?? '';
    // Once more if the token at hand has been revoked or its key replaced meanwhile.
    for (let attempt = 0; ; attempt++) {
      const kept = swap.atHand(pat.id, audience, clock());
      const swapped = kept === undefined ? await swap.swap(pat, audience) : ok(kept);
      if (!swapped.ok) return refuse(explainSwap(swapped.refusal));
      // A swap asks the identity provider, and the token may have been revoked meanwhile.
      const still = kept === undefined ? await stand(key, clock()) : stood;
      if (!still.ok) return still;
      const verdict = context.verifier.verifySync(swapped.value) ?? (await context.verifier.verify(swapped.value));
      if (verdict.ok) {
        return ok({ principal: verdict.value, pat: admitted.value, token: swapped.value });
      }
      swap.drop(pat.id, audience);
      if (attempt > 0 || kept === undefined) {
        const { why } = verdict.refusal;
        return why === 'keys-unavailable'
          ? refuse({ why: 'pat-unreachable', detail: 'the keys cannot be fetched' })
          : refuse({ why: 'swap', audience, error: 'unfit', description: `the swapped token was refused: ${why}` });
      }
    }
  };

  const enterMemory = async (token: string, context: PatContext): Promise<Result<PatEntrance, PatRefusal>> => {
    const principal = parts.memory?.read(token);
    if (principal === undefined) return refuse({ why: 'pat-malformed' });
    const stood = await stand(`jti:${principal.tokenId ?? ''}`, clock());
    if (!stood.ok) return stood;
    const admitted = admit(stood.value, context);
    if (!admitted.ok) return admitted;
    return ok({ principal, pat: admitted.value, token: undefined });
  };

  /** A token of a user whom nobody has looked at lately is held until somebody has; in use, it is done beside. */
  const attend = async (found: FoundPat): Promise<void> => {
    if (owners === undefined || found.pat.kind !== 'jwt') return;
    const { owner } = found.pat;
    const reread = async (): Promise<void> => {
      if (!(await owners.reread(owner, found.owner))) return;
      book.forget((pat) => pat.owner.subject === owner.subject && pat.owner.issuer === owner.issuer);
    };
    const asked = reread();
    if (found.owner === undefined) await asked;
  };

  return {
    isOpaque: (token) => claimsToBeReference(token) || parts.memory?.looksLike(token) === true,
    enter: (token, context) =>
      claimsToBeReference(token) ? enterReference(token, context) : enterMemory(token, context),

    recognise(principal, context) {
      if (!isOurs(principal)) return ok(undefined);
      const key: PatKey = `jti:${principal.tokenId ?? ''}`;
      const stood = book.stand(key, clock());
      if (stood === undefined) return book.look(key).then((found) => (found.ok ? admit(found.value, context) : found));
      return stood.ok ? admit(stood.value, context) : stood;
    },

    isSwapped: ({ client, issuer, scopes }) =>
      parts.grantClient !== undefined &&
      client === parts.grantClient &&
      issuer === parts.issuer &&
      scopes.includes('offline_access'),

    revocation: {
      epochAt: revocations.epochAt,
      check(principal, token, now) {
        if (!isOurs(principal)) {
          const by = revocations.hit(principal);
          if (by === undefined) return good;
          // What a reference token was swapped for names the session in which its grant was given, and outlives it.
          const stemsFromGrant = (by === 'sid' || by === 'sub') && parts.swap?.isHandedOut(token) === true;
          return stemsFromGrant ? good : { standing: 'revoked', by };
        }
        const key: PatKey = `jti:${principal.tokenId ?? ''}`;
        const stood = book.stand(key, now);
        if (stood?.ok === true && (stood.value.owner !== undefined || owners === undefined)) {
          void attend(stood.value);
          return good;
        }
        if (stood?.ok === false) return standingOf(stood.refusal);
        return book.look(key).then(async (found) => {
          if (!found.ok) return standingOf(found.refusal);
          if (found.value.owner !== undefined || owners === undefined) {
            void attend(found.value);
            return good;
          }
          await attend(found.value);
          const again = await book.look(key);
          return again.ok ? good : standingOf(again.refusal);
        });
      },
    },
  };
}

const good: Standing = { standing: 'good' };

function standingOf(refusal: PatRefusal): Standing {
  return refusal.why === 'pat-unheard'
    ? { standing: 'unknown', fault: 'nothing heard of revocations for ten seconds' }
    : { standing: 'revoked', by: refusal.why };
}

function explainSwap(refusal: SwapRefusal): PatRefusal {
  switch (refusal.why) {
    case 'no-grant':
      return { why: 'grant', ended: false, error: '', description: '' };
    case 'grant-ended':
      return { why: 'grant', ended: true, error: refusal.error, description: refusal.description };
    case 'grant-unreachable':
      return { why: 'pat-unreachable', detail: refusal.detail };
    case 'swap-refused': {
      const { audience, refusal: said } = refusal;
      if (said.why !== 'refused') return { why: 'pat-unreachable', detail: said.why };
      return { why: 'swap', audience, error: said.error, description: said.description };
    }
    default:
      return unreachable(refusal);
  }
}

/** The name of the service that the token is used as, if it may be used there. */
function audienceFor({ audiences }: PatLimits, context: PatContext): string | undefined {
  return context.audiences.find((audience) => audiences === undefined || audiences.includes(audience));
}

const networks = new WeakMap<PatLimits, BlockList>();

function isInside(limits: PatLimits, address: string | undefined): boolean {
  if (limits.sourceCidrs === undefined) return true;
  if (address === undefined) return false;
  let list = networks.get(limits);
  if (list === undefined) {
    list = buildNetworks(limits.sourceCidrs);
    networks.set(limits, list);
  }
  // An IPv4 caller on a socket that takes both.
  const plain = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
  return list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
}

/** Throws on what is no address and no network. */
export function buildNetworks(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', prefix, ...more] = cidr.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else if (more.length === 0 && /^\d{1,3}$/.test(prefix)) list.addSubnet(address, Number(prefix), family);
    else throw new TypeError(`${cidr} is no network`);
  }
  return list;
}
