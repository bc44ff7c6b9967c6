/** What the recorder keeps through a reload: open runs, choices, and who the user is. */

import { type DBSchema, type IDBPDatabase, openDB } from 'idb';

import type { Me } from './contract';
import type { IOpenRun } from './runs';

const VERSION = 2;

/** An open run, and the page that watches it. */
export interface IStoredRun extends IOpenRun {
  page: string;
  /** Whether it was known, when it was sent, that the notebook is recorded. */
  isSure: boolean;
}

interface ISchema extends DBSchema {
  runs: { key: string; value: IStoredRun };
  choices: { key: string; value: string };
  filed: { key: string; value: string };
  me: { key: 'me'; value: Me };
}

/** One database for each hub and user, beside the queue's. */
export class RecorderStore {
  private constructor(private _db: IDBPDatabase<ISchema>) {}

  /** Open the database that belongs to the queue's `name`. */
  static async open(name: string): Promise<RecorderStore> {
    const db = await openDB<ISchema>(`${name}:recorder`, VERSION, {
      upgrade(db, oldVersion) {
        if (oldVersion < 1) {
          db.createObjectStore('runs', { keyPath: 'executionId' });
          db.createObjectStore('choices');
          db.createObjectStore('me');
        }
        db.createObjectStore('filed');
      },
      // A newer release in another tab must not wait for this one.
      blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close()
    });
    return new RecorderStore(db);
  }

  async putRun(run: IStoredRun): Promise<void> {
    await this._db.put('runs', run);
  }

  async deleteRun(executionId: string): Promise<void> {
    await this._db.delete('runs', executionId);
  }

  /** Make the open runs of all pages but the `living` ones those of `page`, and return them. */
  async adoptRuns(page: string, living: ReadonlySet<string>): Promise<IStoredRun[]> {
    const transaction = this._db.transaction('runs', 'readwrite');
    const left = (await transaction.store.getAll()).filter(
      run => run.page !== page && !living.has(run.page)
    );
    const adopted = left.map(run => ({ ...run, page }));
    await Promise.all([...adopted.map(run => transaction.store.put(run)), transaction.done]);
    return adopted;
  }

  /** The classes that the student chose, by notebook path. */
  async choices(): Promise<Map<string, string>> {
    return this._classes('choices');
  }

  /** The classes that the service has filed notebooks under, by their path as it stores it. */
  async filed(): Promise<Map<string, string>> {
    return this._classes('filed');
  }

  async putFiled(path: string, classId: string): Promise<void> {
    await this._db.put('filed', classId, path);
  }

  private async _classes(name: 'choices' | 'filed'): Promise<Map<string, string>> {
    const transaction = this._db.transaction(name);
    const [paths, classIds] = await Promise.all([
      transaction.store.getAllKeys(),
      transaction.store.getAll()
    ]);
    return new Map(paths.map((path, index) => [path, classIds[index]]));
  }

  /** Keep a choice; null forgets it. */
  async putChoice(path: string, classId: string | null): Promise<void> {
    if (classId === null) {
      await this._db.delete('choices', path);
    } else {
      await this._db.put('choices', classId, path);
    }
  }

  /** The last answer to `GET /me`, for a start without the service. */
  async me(): Promise<Me | undefined> {
    return this._db.get('me', 'me');
  }

  async putMe(me: Me): Promise<void> {
    await this._db.put('me', me, 'me');
  }

  dispose(): void {
    this._db.close();
  }
}
