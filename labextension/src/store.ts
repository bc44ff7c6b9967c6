/** What the recorder keeps through a reload: choices, and who the user is. */

import { type DBSchema, type IDBPDatabase, openDB, unwrap } from 'idb';

import { betweenTabs, Connection, type OnBlocked, openNewest } from './connection';
import type { Me } from './contract';
import { STRICT } from './groups';

const VERSION = 2;

interface ISchema extends DBSchema {
  choices: { key: string; value: string };
  filed: { key: string; value: string };
  me: { key: 'me'; value: Me };
}

/** One database for each hub and user, beside the queue's. */
export class RecorderStore {
  private constructor(private readonly _connection: Connection<ISchema>) {}

  /** Open the database that belongs to the queue's `name`. */
  static async open(name: string, onBlocked?: OnBlocked): Promise<RecorderStore> {
    const connect = (): Promise<IDBPDatabase<ISchema>> =>
      openNewest(version => open(`${name}:recorder`, version, onBlocked), VERSION);
    return new RecorderStore(new Connection(connect, await connect()));
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
    return this._connection.run(async db => {
      const { store } = db.transaction(name);
      const [paths, classIds] = await Promise.all([store.getAllKeys(), store.getAll()]);
      return new Map(paths.map((path, index) => [path, classIds[index]]));
    });
  }

  /** Keep a choice; null forgets it. */
  async putChoice(path: string, classId: string | null): Promise<void> {
    await this._write('choices', store =>
      classId === null ? store.delete(path) : store.put(classId, path)
    );
  }

  /** The last answer to `GET /me`, for a start without the service. */
  async me(): Promise<Me | undefined> {
    return this._connection.run(db => db.get('me', 'me'));
  }

  async putMe(me: Me): Promise<void> {
    await this._connection.run(db => db.put('me', me, 'me'));
  }

  dispose(): void {
    this._connection.close();
  }

  private async _write(
    name: 'choices' | 'filed',
    act: (store: IDBObjectStore) => IDBRequest
  ): Promise<void> {
    await this._connection.run(async db => {
      const transaction = db.transaction(name, 'readwrite', STRICT);
      act(unwrap(transaction.store) as unknown as IDBObjectStore);
      await transaction.done;
    });
  }
}

async function open(
  name: string,
  version?: number,
  onBlocked?: OnBlocked
): Promise<IDBPDatabase<ISchema>> {
  return openDB<ISchema>(name, version, {
    upgrade(db, oldVersion) {
      if (oldVersion < 1) {
        db.createObjectStore('choices');
        db.createObjectStore('me');
      }
      db.createObjectStore('filed');
    },
    ...betweenTabs<ISchema>(onBlocked)
  });
}
