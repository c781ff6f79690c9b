import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** What every stored document has: its own id, and the id of the realm that it belongs to. */
export interface Document {
  readonly id: string;
  readonly realmId: string;
}

/** Reads the keys by which a document can be found: one, several, or none. */
type IndexReader<T> = (document: T) => string | readonly string[] | undefined;

/**
 * All documents of one kind, in memory with indexes and written through to SQLite. Documents are never changed in
 * place: `put` replaces one whole, which is what lets a transaction that throws put the old ones back.
 */
export interface Collection<T extends Document, Name extends string = never> {
  readonly kind: string;
  /** The document with this id, whatever its realm. Callers that hold foreign ids use `inRealm`. */
  get(id: string): T | undefined;
  /** The document with this id if it belongs to this realm. */
  inRealm(realmId: string, id: string): T | undefined;
  /** All documents of a realm in order of creation. */
  ofRealm(realmId: string): readonly T[];
  /** Documents whose index `name` gives this key within the realm, in order of creation. */
  by(realmId: string, name: Name, key: string): readonly T[];
  /** The first of `by`: for names that are unique within a realm. */
  one(realmId: string, name: Name, key: string): T | undefined;
  /** All documents of all realms. */
  all(): Iterable<T>;
  put(document: T): T;
  delete(id: string): boolean;
  readonly size: number;
}

/** Holds the collections together: one transaction spans all of them, in memory and on disk alike. */
export class Documents {
  readonly #insert: StatementSync;
  readonly #remove: StatementSync;
  readonly #load: StatementSync;
  readonly #database: DatabaseSync;
  readonly #undo: (() => void)[] = [];
  #depth = 0;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare(
      'INSERT INTO idp_documents (kind, id, realm, body) VALUES (?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET realm = excluded.realm, body = excluded.body',
    );
    this.#remove = database.prepare('DELETE FROM idp_documents WHERE kind = ? AND id = ?');
    this.#load = database.prepare('SELECT body FROM idp_documents WHERE kind = ? ORDER BY seq');
  }

  /**
   * Runs `work` so that all its writes happen or none: what was committed survives `kill -9`, and a throw restores the
   * documents in memory as well. `work` is synchronous, so nothing else runs in between; nested calls join the outer one.
   */
  transaction<R>(work: () => R): R {
    if (this.#depth > 0) return work();
    this.#database.exec('BEGIN IMMEDIATE');
    this.#depth = 1;
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (fault) {
      for (const undo of this.#undo.reverse()) undo();
      this.#database.exec('ROLLBACK');
      throw fault;
    } finally {
      this.#depth = 0;
      this.#undo.length = 0;
    }
  }

  /** Opens the collection of a kind and loads what is stored. */
  collection<T extends Document, Name extends string = never>(
    kind: string,
    indexes: Readonly<Record<Name, IndexReader<T>>>,
  ): Collection<T, Name> {
    const byId = new Map<string, T>();
    const index = new Map<string, Set<string>>();
    const keysOf = (document: T): string[] => {
      const keys = [document.realmId];
      for (const [name, read] of Object.entries<IndexReader<T>>(indexes)) {
        const value = read(document);
        if (value === undefined) continue;
        for (const one of typeof value === 'string' ? [value] : value)
          keys.push(`${document.realmId}\n${name}\n${one}`);
      }
      return keys;
    };
    const attach = (document: T): void => {
      byId.set(document.id, document);
      for (const key of keysOf(document)) {
        const ids = index.get(key);
        if (ids === undefined) index.set(key, new Set([document.id]));
        else ids.add(document.id);
      }
    };
    const detach = (document: T): void => {
      byId.delete(document.id);
      for (const key of keysOf(document)) {
        const ids = index.get(key);
        ids?.delete(document.id);
        if (ids?.size === 0) index.delete(key);
      }
    };
    const swap = (before: T | undefined, now: T | undefined): void => {
      // Replacing in place keeps the order of creation, which lists and Keycloak's own answers show.
      if (before !== undefined && now !== undefined && String(keysOf(before)) === String(keysOf(now))) {
        byId.set(now.id, now);
        return;
      }
      if (before !== undefined) detach(before);
      if (now !== undefined) attach(now);
    };
    const resolve = (ids: Set<string> | undefined): T[] => {
      const found: T[] = [];
      for (const id of ids ?? []) {
        const document = byId.get(id);
        if (document !== undefined) found.push(document);
      }
      return found;
    };

    for (const row of this.#load.all(kind)) {
      // What is read here was written by `put` below: the file is this process's own.
      attach(JSON.parse(String(row['body'])) as T);
    }

    const write = (work: () => void, undo: () => void): void => {
      work();
      if (this.#depth > 0) this.#undo.push(undo);
    };
    return {
      kind,
      get: (id) => byId.get(id),
      inRealm: (realmId, id) => {
        const document = byId.get(id);
        return document?.realmId === realmId ? document : undefined;
      },
      ofRealm: (realmId) => resolve(index.get(realmId)),
      by: (realmId, name, key) => resolve(index.get(`${realmId}\n${name}\n${key}`)),
      one: (realmId, name, key) => {
        for (const id of index.get(`${realmId}\n${name}\n${key}`) ?? []) return byId.get(id);
        return undefined;
      },
      all: () => byId.values(),
      put: (document) => {
        const before = byId.get(document.id);
        this.#insert.run(kind, document.id, document.realmId, JSON.stringify(document));
        write(
          () => swap(before, document),
          () => swap(document, before),
        );
        return document;
      },
      delete: (id) => {
        const before = byId.get(id);
        if (before === undefined) return false;
        this.#remove.run(kind, id);
        write(
          () => swap(before, undefined),
          () => swap(undefined, before),
        );
        return true;
      },
      get size() {
        return byId.size;
      },
    };
  }
}
