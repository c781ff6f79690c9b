import { buildCatalogue, type Catalogue, type ToolSource } from './catalogue.ts';

/** The catalogue of this replica, read again whenever sources change, here or on another replica. */
export interface CatalogueKeeper {
  readonly current: () => Catalogue;
  readonly reload: () => Promise<void>;
}

/**
 * Reloads that overlap are joined, and the last change always wins: a reload asked for during one starts another.
 * `changed` is called after each.
 */
export async function keepCatalogue(
  readSources: () => Promise<readonly ToolSource[]>,
  changed: () => void,
): Promise<CatalogueKeeper> {
  let catalogue = buildCatalogue(await readSources());
  let running: Promise<void> | undefined;
  let again = false;
  const read = async (): Promise<void> => {
    do {
      again = false;
      catalogue = buildCatalogue(await readSources());
    } while (again);
    changed();
  };
  return {
    current: () => catalogue,
    async reload() {
      if (running !== undefined) {
        again = true;
        return running;
      }
      running = read().finally(() => (running = undefined));
      return running;
    },
  };
}
