import type { Tool } from '@keyturn/tools';
import type { Caller } from '../../../http/caller.ts';
import type { Catalogue, CatalogueEntry } from '../catalogue.ts';
import { type AccessPolicy, appliesTo, isInGroup, type ToolGroup } from './access.ts';
import type { AccessRepository, Named } from './repository.ts';

/** What holds while there is no access policy at all: everybody with a valid token sees all tools, or nobody any. */
export type WithoutPolicy = 'all' | 'none';

/** The access policies of this replica, read again whenever they change, here or on another replica. */
export interface AccessKeeper {
  readonly visibleTo: (caller: Caller) => (entry: CatalogueEntry) => boolean;
  /** The tools of a group, whether it is stored or only thought of. */
  readonly toolsOf: (group: ToolGroup) => readonly Tool[];
  readonly reload: () => Promise<void>;
}

interface State {
  readonly groups: ReadonlyMap<string, ToolGroup>;
  readonly policies: readonly AccessPolicy[];
  /** By catalogue, since it is replaced whenever a tool changes: which tools a group has. */
  readonly members: WeakMap<Catalogue, Map<string, ReadonlySet<string>>>;
}

export async function keepAccess(
  repository: AccessRepository,
  options: {
    readonly catalogue: () => Catalogue;
    readonly withoutPolicy: WithoutPolicy;
    readonly changed: () => void;
  },
): Promise<AccessKeeper> {
  const read = async (): Promise<State> => stateOf(await repository.all('group'), await repository.all('policy'));
  let state = await read();
  let reads = 0;

  const membersOf = (id: string): ReadonlySet<string> => {
    const catalogue = options.catalogue();
    const byGroup = state.members.get(catalogue) ?? new Map<string, ReadonlySet<string>>();
    state.members.set(catalogue, byGroup);
    const known = byGroup.get(id);
    if (known !== undefined) return known;
    const group = state.groups.get(id);
    const found = new Set(
      group === undefined
        ? []
        : catalogue.entries.filter(({ tool }) => isInGroup(group, tool)).map(({ tool }) => tool.id),
    );
    byGroup.set(id, found);
    return found;
  };

  return {
    visibleTo(caller) {
      if (state.policies.length === 0) return options.withoutPolicy === 'all' ? everything : nothing;
      const granted = new Set(
        state.policies.filter((policy) => appliesTo(policy, caller)).flatMap((policy) => policy.allowed_group_ids),
      );
      const sets = [...granted].map(membersOf);
      return ({ tool }) => sets.some((members) => members.has(tool.id));
    },
    toolsOf: (group) =>
      options
        .catalogue()
        .entries.filter(({ tool }) => isInGroup(group, tool))
        .map(({ tool }) => tool),
    async reload() {
      reads += 1;
      const mine = reads;
      const next = await read();
      // An older reading that comes late must not undo a newer one.
      if (mine === reads) state = next;
      options.changed();
    },
  };
}

function stateOf(groups: readonly Named<ToolGroup>[], policies: readonly Named<AccessPolicy>[]): State {
  return {
    groups: new Map(groups.map(({ id, definition }) => [id, definition])),
    policies: policies.map(({ definition }) => definition),
    members: new WeakMap(),
  };
}

const everything = (): boolean => true;
const nothing = (): boolean => false;
