/** The events that wait in the browser's IndexedDB: one database for each hub and user. */

import { type ISignal, Signal } from '@lumino/signaling';
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';

import type { AnyEvent } from './contract';
import type { IEventSink } from './interfaces';

const VERSION = 1;
const MAX_REJECTED = 50;
// A transaction counts as done only when it is on the disk, not in the system's memory.
const STRICT = { durability: 'strict' } as const;

/** An event as it waits. `key` is its place in the order; `bytes` is the UTF-8 size of `body`. */
export interface IQueuedEvent {
  key: number;
  eventId: string;
  body: string;
  bytes: number;
}

/** An event that the service will never take, and why. */
export interface IRejectedEvent {
  eventId: string;
  code: string;
  detail: string;
  field: string | null;
  rejectedAt: string;
  body: string;
}

interface ISchema extends DBSchema {
  events: { key: number; value: Omit<IQueuedEvent, 'key'> };
  rejected: { key: number; value: IRejectedEvent };
  counts: { key: 'rejected'; value: number };
  leases: { key: string; value: { owner: string; until: number } };
}

/** A queue that survives a closed tab. All tabs of a user share it. */
export class EventQueue implements IEventSink {
  private constructor(
    readonly name: string,
    private _db: IDBPDatabase<ISchema>
  ) {}

  /** Open the database `name`. Rejects where the browser keeps no data (some private windows). */
  static async open(name: string): Promise<EventQueue> {
    return new EventQueue(name, await connect(name));
  }

  /** Emitted when an event of this tab is on the disk. */
  get added(): ISignal<EventQueue, IQueuedEvent> {
    return this._added;
  }

  /** Emitted when an event could not be kept, e.g. because the disk is full. */
  get failed(): ISignal<EventQueue, Error> {
    return this._failed;
  }

  /** Keep an event. Resolves when it is on the disk; rejects where the browser cannot keep it. */
  async add(event: AnyEvent): Promise<void> {
    const body = JSON.stringify(event);
    const value = { eventId: event.event_id, body, bytes: byteLength(body) };
    try {
      const key = await this._again(db => put(db, value));
      this._added.emit({ key, ...value });
    } catch (error) {
      this._failed.emit(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  }

  /**
   * The oldest events, at most `maxEvents` and `maxBytes`, and at least one if there is any;
   * those in `skip` are passed over.
   */
  async take(
    maxEvents: number,
    maxBytes: number,
    skip: ReadonlySet<number> = new Set()
  ): Promise<IQueuedEvent[]> {
    return this._again(async db => {
      const taken: IQueuedEvent[] = [];
      let bytes = 0;
      let cursor = await db.transaction('events').store.openCursor();
      while (cursor && taken.length < maxEvents) {
        if (!skip.has(cursor.key)) {
          bytes += cursor.value.bytes;
          if (taken.length > 0 && bytes > maxBytes) {
            break;
          }
          taken.push({ key: cursor.key, ...cursor.value });
        }
        cursor = await cursor.continue();
      }
      return taken;
    });
  }

  /** Delete the events that the service has. */
  async remove(keys: readonly number[]): Promise<void> {
    await this._again(async db => {
      const transaction = db.transaction('events', 'readwrite', STRICT);
      await Promise.all([...keys.map(key => transaction.store.delete(key)), transaction.done]);
    });
  }

  /** Move an event out of the way, to the last few that were refused for good. */
  async reject(key: number, rejected: IRejectedEvent): Promise<void> {
    await this._again(async db => {
      const transaction = db.transaction(['events', 'rejected', 'counts'], 'readwrite', STRICT);
      const refused = transaction.objectStore('rejected');
      const counts = transaction.objectStore('counts');
      const count = (await counts.get('rejected')) ?? 0;
      await Promise.all([
        transaction.objectStore('events').delete(key),
        refused.add(rejected),
        counts.put(count + 1, 'rejected')
      ]);
      const keys = await refused.getAllKeys();
      await Promise.all(keys.slice(0, -MAX_REJECTED).map(old => refused.delete(old)));
      await transaction.done;
    });
  }

  /** How many events wait. */
  async count(): Promise<number> {
    return this._again(db => db.count('events'));
  }

  /** How many events were ever refused for good, and the last ones of them, oldest first. */
  async rejected(): Promise<{ count: number; events: IRejectedEvent[] }> {
    return this._again(async db => ({
      count: (await db.get('counts', 'rejected')) ?? 0,
      events: await db.getAll('rejected')
    }));
  }

  /** Take or prolong the lease `name` until `until` (ms), unless another owner's still holds. */
  async lease(name: string, owner: string, now: number, until: number): Promise<boolean> {
    return this._again(async db => {
      const { store, done } = db.transaction('leases', 'readwrite');
      const held = await store.get(name);
      const free = !held || held.owner === owner || held.until <= now;
      if (free) {
        await store.put({ owner, until }, name);
      }
      await done;
      return free;
    });
  }

  /** Close the database. */
  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
    this._db.close();
  }

  /** A browser may close a database by itself (its data cleared, its disk away): open it again. */
  private async _again<T>(act: (db: IDBPDatabase<ISchema>) => Promise<T>): Promise<T> {
    try {
      return await act(this._db);
    } catch (error) {
      const isClosed = error instanceof DOMException && error.name === 'InvalidStateError';
      if (!isClosed || this._isDisposed) {
        throw error;
      }
      this._db = await connect(this.name);
      return act(this._db);
    }
  }

  private _added = new Signal<EventQueue, IQueuedEvent>(this);
  private _failed = new Signal<EventQueue, Error>(this);
  private _isDisposed = false;
}

async function connect(name: string): Promise<IDBPDatabase<ISchema>> {
  return openDB<ISchema>(name, VERSION, {
    upgrade(db) {
      db.createObjectStore('events', { autoIncrement: true });
      db.createObjectStore('rejected', { autoIncrement: true });
      db.createObjectStore('counts');
      db.createObjectStore('leases');
    },
    // A newer release in another tab must not wait for this one.
    blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close()
  });
}

async function put(db: IDBPDatabase<ISchema>, value: Omit<IQueuedEvent, 'key'>): Promise<number> {
  const transaction = db.transaction('events', 'readwrite', STRICT);
  const key = transaction.store.add(value);
  // Without waiting for `key`: a tab that closes now has already handed the event over.
  transaction.commit();
  await Promise.all([key, transaction.done]);
  return key;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
