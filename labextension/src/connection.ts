/** A connection to one of the browser's databases. */

import type { DBSchema, IDBPDatabase, OpenDBCallbacks } from 'idb';

/** Told when a database has to wait for another tab, which holds it in its former shape. */
export type OnBlocked = () => void;

/** What each database does where two tabs want it in two shapes. */
export function betweenTabs<S extends DBSchema>(
  onBlocked?: OnBlocked
): Pick<OpenDBCallbacks<S>, 'blocked' | 'blocking'> {
  return {
    blocked: onBlocked,
    // A newer release in another tab must not wait for this one.
    blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close()
  };
}

/** Open a database; one that a newer release has made is opened as it is. */
export async function openNewest<T>(
  open: (version?: number) => Promise<T>,
  version: number
): Promise<T> {
  try {
    return await open(version);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'VersionError') {
      return open();
    }
    throw error;
  }
}

/** A database that is opened again where the browser has closed it (its data cleared, its disk away). */
export class Connection<S extends DBSchema> {
  constructor(
    private readonly _connect: () => Promise<IDBPDatabase<S>>,
    private _db: IDBPDatabase<S>
  ) {}

  get name(): string {
    return this._db.name;
  }

  /** Do something with the database; a second time where it was closed in between. */
  async run<T>(act: (db: IDBPDatabase<S>) => Promise<T>): Promise<T> {
    try {
      return await act(this._db);
    } catch (error) {
      const isClosed = error instanceof DOMException && error.name === 'InvalidStateError';
      if (!isClosed || this._isClosed) {
        throw error;
      }
      return act(await this._connectAgain());
    }
  }

  close(): void {
    this._isClosed = true;
    this._db.close();
  }

  /** One at a time, however many have found it closed. */
  private async _connectAgain(): Promise<IDBPDatabase<S>> {
    this._connecting ??= this._connect()
      .then(db => (this._db = db))
      .finally(() => (this._connecting = null));
    return this._connecting;
  }

  private _connecting: Promise<IDBPDatabase<S>> | null = null;
  private _isClosed = false;
}

/**
 * Ask for several things in one transaction. `ask` makes the requests, by the name of a store, and
 * returns what makes the answer of their results. A promise for each of them would cost a page
 * that starts more than the reading does.
 */
export async function readTogether<T>(
  db: IDBDatabase,
  stores: readonly string[],
  ask: (store: (name: string) => IDBObjectStore) => () => T
): Promise<T> {
  return new Promise((resolve, reject) => {
    const reading = db.transaction(stores);
    reading.onabort = () => reject(reading.error);
    const answer = ask(name => reading.objectStore(name));
    reading.oncomplete = () => resolve(answer());
  });
}

/** Ask for all that a store holds, by its keys; the returned function makes the map of it. */
export function askEntries<V>(store: IDBObjectStore): () => Map<string, V> {
  const keys = store.getAllKeys() as IDBRequest<string[]>;
  const values: IDBRequest<V[]> = store.getAll();
  return () => new Map(keys.result.map((key, index) => [key, values.result[index]]));
}

/** Whether an error says that the disk takes nothing new. */
export function isFull(error: unknown): boolean {
  return (error as Partial<Error> | null)?.name === 'QuotaExceededError';
}
