/** What the recorder keeps through a reload: open runs, choices, and who the user is. */

import { type DBSchema, type IDBPDatabase, openDB, unwrap } from 'idb';

import type { Me } from './contract';
import type { IOpenRun } from './runs';

const VERSION = 2;
// Most requests begin within it; then one transaction does for both.
const WRITE_AFTER_MS = 100;
// After a power cut, a run that is not known leaves no end, and a choice that is gone no events.
const STRICT = { durability: 'strict' } as const;

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
  private constructor(private _db: IDBPDatabase<ISchema>) {
    globalThis.addEventListener?.('pagehide', this._onPageHide);
  }

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

  /** Keep an open run: at once when it has begun, else with those that are requested with it. */
  async putRun(run: IStoredRun): Promise<void> {
    this._open.set(run.executionId, run);
    if (run.start !== null) {
      await this.flush();
    } else {
      this._timer ??= setTimeout(() => this._onTime(), WRITE_AFTER_MS);
    }
  }

  /**
   * Forget a run that has ended, with the next that is written.
   *
   * After a crash the next page closes it once more, which changes nothing: its end is there.
   */
  forgetRun(executionId: string): void {
    this._open.delete(executionId);
    if (this._written.delete(executionId)) {
      this._ended.push(executionId);
    }
  }

  /** Write what waits. */
  async flush(): Promise<void> {
    clearTimeout(this._timer);
    this._timer = undefined;
    if (this._open.size + this._ended.length > 0) {
      await this._writeRuns();
    }
  }

  /** Make the open runs of all pages but the `living` ones those of `page`, and return them. */
  async adoptRuns(page: string, living: ReadonlySet<string>): Promise<IStoredRun[]> {
    await this.flush();
    const transaction = this._db.transaction('runs', 'readwrite');
    const left = (await transaction.store.getAll()).filter(
      run => run.page !== page && !living.has(run.page)
    );
    const adopted = left.map(run => ({ ...run, page }));
    await Promise.all([...adopted.map(run => transaction.store.put(run)), transaction.done]);
    adopted.forEach(run => this._written.add(run.executionId));
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
    globalThis.removeEventListener?.('pagehide', this._onPageHide);
    void this.flush().catch(() => undefined);
    this._db.close();
  }

  private _onTime(): void {
    this._timer = undefined;
    if (this._open.size > 0) {
      this.flush().catch(error => console.warn('Open runs could not be kept.', error));
    }
  }

  private _writeRuns(): Promise<void> {
    const [open, ended] = [this._open, this._ended];
    [this._open, this._ended] = [new Map(), []];
    open.forEach((_, executionId) => this._written.add(executionId));
    return new Promise((resolve, reject) => {
      const transaction = unwrap(this._db).transaction('runs', 'readwrite', STRICT);
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
      const store = transaction.objectStore('runs');
      ended.forEach(executionId => store.delete(executionId));
      open.forEach(run => store.put(run));
      transaction.commit();
    });
  }

  private async _write(
    name: 'choices' | 'filed',
    act: (store: IDBObjectStore) => IDBRequest
  ): Promise<void> {
    const transaction = this._db.transaction(name, 'readwrite', STRICT);
    act(unwrap(transaction.store) as unknown as IDBObjectStore);
    await transaction.done;
  }

  private readonly _onPageHide = (): void => void this.flush().catch(() => undefined);
  private readonly _written = new Set<string>();
  private _open = new Map<string, IStoredRun>();
  private _ended: string[] = [];
  private _timer: ReturnType<typeof setTimeout> | undefined;
}
