/** What goes to the disk together, and the worker that takes it there. */

import type { IStoredEvent, IStoredRun } from './database';

/** A transaction counts as done only when it is on the disk, not in the system's memory. */
export const STRICT = { durability: 'strict' } as const;

/** Events to add, open runs to keep, and the ids of those to forget: all or nothing. */
export interface IGroup {
  events: readonly IStoredEvent[];
  runs: readonly IStoredRun[];
  forgotten: readonly string[];
}

/** What a page tells its worker: the database's name, then groups. */
export type Told = { open: string } | { id: number; group: IGroup };

/** What the worker answers: that it is ready, then the keys of each group's events, or why not. */
export type Answer =
  | { isReady: true }
  | { id: number; keys: number[] }
  | { id: number; error: string; detail: string };

/** Write a group; resolves to the keys of its events when it is on the disk. */
export async function putGroup(db: IDBDatabase, group: IGroup): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(storesOf(group), 'readwrite', STRICT);
    // Only the transaction's own error says that the disk is full.
    transaction.onabort = () => reject(transaction.error);
    try {
      const requests = group.events.map(event => transaction.objectStore('events').add(event));
      group.forgotten.forEach(id => transaction.objectStore('runs').delete(id));
      group.runs.forEach(run => transaction.objectStore('runs').put(run));
      transaction.oncomplete = () => resolve(requests.map(({ result }) => result as number));
      // Without waiting for the keys: a page that closes now has already handed the events over.
      transaction.commit();
    } catch (error) {
      reject(error);
      transaction.abort();
    }
  });
}

function storesOf({ events, runs, forgotten }: IGroup): string[] {
  const stores = events.length > 0 ? ['events'] : [];
  return runs.length + forgotten.length > 0 ? [...stores, 'runs'] : stores;
}

/** A worker's own side: it writes the groups that it is told. */
export class GroupWriter {
  constructor(private readonly _answer: (answer: Answer) => void) {}

  /** Take a message of the page. */
  async take(told: Told): Promise<void> {
    if ('open' in told) {
      this._db = await open(told.open);
      this._answer({ isReady: true });
      return;
    }
    const { id, group } = told;
    try {
      if (this._db === null) {
        throw new Error('There is no database.');
      }
      this._answer({ id, keys: await putGroup(this._db, group) });
    } catch (error) {
      const { name: error_, message: detail } = Object(error) as Error;
      this._answer({ id, error: error_, detail });
    }
  }

  private _db: IDBDatabase | null = null;
}

/** Open a database as it is: the page has made it. */
async function open(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name);
    opening.onupgradeneeded = () => opening.transaction?.abort();
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const db = opening.result;
      // A newer release in another tab must not wait for this one.
      db.onversionchange = () => db.close();
      resolve(db);
    };
  });
}
