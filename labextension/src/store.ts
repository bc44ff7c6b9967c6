/** What the recorder keeps through a reload: choices, and who the user is. */

import { type DBSchema, type IDBPDatabase, openDB, unwrap } from 'idb';

import type { Me } from './contract';
import { openNewest } from './database';
import { STRICT } from './groups';

const VERSION = 2;

interface ISchema extends DBSchema {
  choices: { key: string; value: string };
  filed: { key: string; value: string };
  me: { key: 'me'; value: Me };
}

/** One database for each hub and user, beside the queue's. */
export class RecorderStore {
  private constructor(private _db: IDBPDatabase<ISchema>) {}

  /** Open the database that belongs to the queue's `name`. */
  static async open(name: string): Promise<RecorderStore> {
    return new RecorderStore(
      await openNewest(version => open(`${name}:recorder`, version), VERSION)
    );
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
    await this._write('filed', store => store.put(classId, path));
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
    await this._write('choices', store =>
      classId === null ? store.delete(path) : store.put(classId, path)
    );
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

  private async _write(
    name: 'choices' | 'filed',
    act: (store: IDBObjectStore) => IDBRequest
  ): Promise<void> {
    const transaction = this._db.transaction(name, 'readwrite', STRICT);
    act(unwrap(transaction.store) as unknown as IDBObjectStore);
    await transaction.done;
  }
}

async function open(name: string, version?: number): Promise<IDBPDatabase<ISchema>> {
  return openDB<ISchema>(name, version, {
    upgrade(db, oldVersion) {
      if (oldVersion < 1) {
        db.createObjectStore('choices');
        db.createObjectStore('me');
      }
      db.createObjectStore('filed');
    },
    // A newer release in another tab must not wait for this one.
    blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close()
  });
}
