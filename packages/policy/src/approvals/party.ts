/**
 * One side of an approval: whoever asks, or whoever approves, with every name by which the two could turn out to be the
 * same person or program. Names are compared without regard to letter case and Unicode form, and without regard to
 * which claim they stood in: a clash of two strangers' names costs an approval, a missed one costs the second key.
 */
export interface Party {
  /** The value of the identity claim. */
  readonly identity: string;
  readonly subject?: string | undefined;
  /** `azp`: the client that the token was issued to. */
  readonly client?: string | undefined;
  /** The token is the client's own, not a person's. */
  readonly serviceAccount: boolean;
  /** `preferred_username`, a verified `email`: further names of the same account. */
  readonly names: readonly string[];
  /** Who acts for the subject: `act` and what is nested in it, outermost first. RFC 8693 §4.1. */
  readonly actors: readonly string[];
  /** Whose the client or the personal access token is. */
  readonly owners: readonly string[];
}

/** How two parties are one. */
export type Overlap =
  /** The same account, by whatever client or spelling. */
  | 'same-identity'
  /** One is a client's own account, and the other came through that client. */
  | 'same-client'
  /** One acts for the other. */
  | 'acts-for'
  /** One owns the client or the token of the other, or both have one owner. */
  | 'same-owner';

/** Whether, and how, two parties share a person. Symmetric. */
export function overlapOf(one: Party, other: Party): Overlap | undefined {
  const [mine, theirs] = [foldAll(ownNames(one)), foldAll(ownNames(other))];
  if (meets(mine, theirs)) return 'same-identity';
  const through =
    (one.serviceAccount || other.serviceAccount) &&
    one.client !== undefined &&
    other.client !== undefined &&
    foldName(one.client) === foldName(other.client);
  if (through) return 'same-client';
  const [myActors, theirActors] = [foldAll(one.actors), foldAll(other.actors)];
  if (meets(myActors, theirs) || meets(theirActors, mine) || meets(myActors, theirActors)) return 'acts-for';
  const [myOwners, theirOwners] = [foldAll(one.owners), foldAll(other.owners)];
  return meets(myOwners, theirs) || meets(theirOwners, mine) || meets(myOwners, theirOwners) ? 'same-owner' : undefined;
}

/** A name as it is compared: one Unicode form (NFKC) and one letter case. */
export function foldName(name: string): string {
  // Up and down again, since some letters have several small forms (ſ and s, ς and σ) and one capital.
  return name.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC').trim();
}

function ownNames({ identity, subject, client, serviceAccount, names }: Party): readonly string[] {
  return [
    identity,
    ...(subject === undefined ? [] : [subject]),
    // A person's token names the client too, and everybody else's through that client does.
    ...(serviceAccount && client !== undefined ? [client] : []),
    ...names,
  ];
}

function foldAll(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.map(foldName).filter((name) => name !== ''));
}

function meets(some: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  for (const name of some) if (others.has(name)) return true;
  return false;
}
