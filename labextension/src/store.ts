/** What the recorder keeps through a reload: choices, and who the user is. */

import { type DBSchema, type IDBPDatabase, openDB, unwrap } from 'idb';

import {
  askEntries,
  betweenTabs,
  Connection,
  type OnBlocked,
  openNewest,
  readTogether
} from './connection';
import type { Me } from './contract';
import { STRICT } from './groups';

const VERSION = 2;

interface ISchema extends DBSchema {
  choices: { key: string; value: string };
  filed: { key: string; value: string };
  me: { key: 'me'; value: Me };
}

/**
 * `choices`: the classes that the student chose, by notebook path; `filed`: those that the service
 * has filed notebooks under, by their path as it stores it; `me`: the last answer to `GET /me`, for
 * a start without the service.
 */
export interface IKept {
  choices: Map<string, string>;
  filed: Map<string, string>;
  me: Me | undefined;
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

  /** All that is kept. */
  async read(): Promise<IKept> {
    return this._connection.run(db =>
      readTogether(unwrap(db), ['choices', 'filed', 'me'], store => {
        const [choices, filed] = [
          askEntries<string>(store('choices')),
          askEntries<string>(store('filed'))
        ];
        const me: IDBRequest<Me | undefined> = store('me').get('me');
        return () => ({ choices: choices(), filed: filed(), me: me.result });
      })
    );
  }

  async putFiled(path: string, classId: string): Promise<void> {
    await this._write('filed', store => store.put(classId, path));
  }

  /** Keep a choice; null forgets it. */
  async putChoice(path: string, classId: string | null): Promise<void> {
    await this._write('choices', store =>
      classId === null ? store.delete(path) : store.put(classId, path)
    );
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
