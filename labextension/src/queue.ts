/** The events that wait in the browser's IndexedDB: one database for each hub and user. */

import { type ISignal, Signal } from '@lumino/signaling';

import { Bounds } from './bounds';
import { nextContact } from './contact';
import type { AnyEvent } from './contract';
import {
  type IContact,
  type ILoss,
  type IQueuedEvent,
  type IRejectedEvent,
  type IStoredEvent,
  QueueConnection,
  readBatch,
  storedEvent,
  type Writing
} from './database';
import { Disk, type IWorker } from './disk';
import type { IEventSink } from './interfaces';
import { type IOpenRuns, isFull, type IWritten, Journal } from './journal';
import { Leases } from './leases';
import {
  droppedName,
  lossOf,
  LossSum,
  NOT_KEPT,
  QUEUE_FULL,
  REJECTED,
  report,
  writeLosses
} from './losses';
import { type ILoad, ROOM_STORES } from './room';
import type { IQueueContents } from './saving';

export type { IContact, IQueuedEvent, IRejectedEvent } from './database';

const MAX_REJECTED = 50;

/** A queue that survives a closed tab. All tabs of a user share it. */
export class EventQueue implements IEventSink {
  private constructor(
    private readonly _connection: QueueConnection,
    disk: Disk
  ) {
    this.leases = new Leases(_connection);
    this._bounds = new Bounds(_connection);
    this._bounds.gaveUp.connect(() => this._gaveUp.emit());
    this._journal = new Journal(_connection, disk, bytes => this._bounds.free(bytes));
    this._journal.written.connect(this._onWritten, this);
  }

  /** Open the database `name`. Rejects where the browser keeps no data (some private windows). */
  static async open(name: string, startWorker?: () => IWorker): Promise<EventQueue> {
    const connection = await QueueConnection.open(name);
    return new EventQueue(connection, new Disk(connection, startWorker));
  }

  readonly leases: Leases;

  get name(): string {
    return this._connection.name;
  }

  /** What may wait: above it the least valuable is given up, and reported. */
  set limits(limits: ILoad) {
    this._bounds.limits = limits;
  }

  /** The events of this tab that are not on the disk yet. */
  get unwritten(): readonly IStoredEvent[] {
    return this._journal.unwritten;
  }

  /** The runs that are not over yet: they are written together with the events. */
  get runs(): IOpenRuns {
    return this._journal;
  }

  /** Emitted when events of this tab are on the disk. */
  get added(): ISignal<EventQueue, IWritten> {
    return this._added;
  }

  /** Emitted when an event could not be kept, e.g. because the disk is full. */
  get failed(): ISignal<EventQueue, Error> {
    return this._failed;
  }

  /** Emitted when this tab had to give up events. */
  get gaveUp(): ISignal<EventQueue, void> {
    return this._gaveUp;
  }

  /** Keep an event. Resolves when it is on the disk; rejects where the browser cannot keep it. */
  async add(event: AnyEvent): Promise<void> {
    const value = storedEvent(event);
    try {
      await this._journal.add(value);
    } catch (error) {
      const loss = lossOf(value.body, NOT_KEPT);
      this._bounds.forgo(loss === null ? [] : [loss]);
      this._failed.emit(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
    await this._tidied;
  }

  /** Report events that were lost before they came here. */
  async lose(loss: ILoss): Promise<void> {
    this._bounds.forgo([loss]);
    await this._bounds.tidy();
  }

  /**
   * The oldest events, at most `maxEvents` and `maxBytes`, and at least one if there is any;
   * those in `skip`, and those of anybody but `studentId`, are passed over. Where nothing else
   * waits, what was given up becomes an event that reports it.
   */
  async take(
    maxEvents: number,
    maxBytes: number,
    skip: ReadonlySet<number> = new Set(),
    studentId: string | null = null
  ): Promise<IQueuedEvent[]> {
    await this._bounds.tidy();
    const isMine = (id: string): boolean => studentId === null || id === studentId;
    const bounds = { maxEvents, maxBytes, skip, isMine };
    let batch = await this._connection.run(db => readBatch(db, bounds));
    if (batch.isEnd && (await this._report(isMine))) {
      batch = await this._connection.run(db => readBatch(db, bounds));
    }
    this._sizes = new Map(batch.events.map(({ key, bytes }) => [key, bytes]));
    this._bounds.underWay = new Set(this._sizes.keys());
    return batch.events;
  }

  /** Delete the events that the service has; it said so at `at` (ms since 1970). */
  async remove(keys: readonly number[], at = Date.now()): Promise<void> {
    const deleteAll = async (writing: Writing): Promise<unknown> =>
      Promise.all(keys.map(key => writing.objectStore('events').delete(key)));
    try {
      await this._connection.write(['events', 'contact'], async writing => {
        const contact = writing.objectStore('contact');
        await contact.put(nextContact(await contact.get('last'), at, keys.length), 'last');
        await deleteAll(writing);
      });
    } catch (error) {
      if (!isFull(error)) {
        throw error;
      }
      // Nothing new fits on the disk, not even the time: what only deletes goes through.
      await this._connection.write(['events'], deleteAll);
    }
    this._shrink(keys);
  }

  /** Move an event out of the way, to the last few that were refused for good, and report it. */
  async reject(key: number, rejected: IRejectedEvent): Promise<void> {
    await this._connection.write(['events', 'rejected', 'counts', 'losses'], async writing => {
      const refused = writing.objectStore('rejected');
      const counts = writing.objectStore('counts');
      await writing.objectStore('events').delete(key);
      await refused.add(rejected);
      await counts.put(((await counts.get('rejected')) ?? 0) + 1, 'rejected');
      const keys = await refused.getAllKeys();
      await Promise.all(keys.slice(0, -MAX_REJECTED).map(old => refused.delete(old)));
      // A report has no number, so it is not reported in its turn.
      const loss = lossOf(rejected.body, REJECTED + rejected.code);
      if (loss !== null) {
        await writeLosses(writing, new LossSum([loss]));
      }
    });
    this._shrink([key]);
  }

  /** How many events wait, reports of what was given up among them. */
  async count(): Promise<number> {
    return this._connection.run(async db => {
      const reading = db.transaction(['events', 'losses']);
      const [events, losses] = await Promise.all([
        reading.objectStore('events').count(),
        reading.objectStore('losses').count()
      ]);
      return events + losses;
    });
  }

  /** How many of the events that wait are not those of `studentId`. */
  async countForeign(studentId: string): Promise<number> {
    return this._connection.run(async db => {
      const { store } = db.transaction('events');
      const [all, own] = await Promise.all([
        store.count(),
        store.index('studentId').count(studentId)
      ]);
      return all - own;
    });
  }

  /** How many events were ever refused for good, and the last ones of them, oldest first. */
  async rejected(): Promise<{ count: number; events: IRejectedEvent[] }> {
    return this._connection.run(async db => ({
      count: (await db.get('counts', 'rejected')) ?? 0,
      events: await db.getAll('rejected')
    }));
  }

  /** How many events were ever given up, by reason. */
  async dropped(): Promise<Map<string, number>> {
    const dropped = this._bounds.unwritten;
    for (const reason of [QUEUE_FULL, NOT_KEPT]) {
      const count = await this._connection.run(db => db.get('counts', droppedName(reason)));
      dropped.set(reason, (dropped.get(reason) ?? 0) + (count ?? 0));
    }
    return dropped;
  }

  /** All that it holds, for a person to look at. */
  async contents(): Promise<IQueueContents> {
    await this._journal.flush();
    const dropped = await this.dropped();
    return this._connection.run(async db => ({
      bodies: (await db.getAll('events')).map(({ body }) => body),
      rejected: await db.getAll('rejected'),
      losses: await db.getAll('losses'),
      dropped
    }));
  }

  /** The last exchange with the service, by any tab. */
  async contact(): Promise<IContact | undefined> {
    return this._connection.run(db => db.get('contact', 'last'));
  }

  /** Close the database. */
  dispose(): void {
    Signal.clearData(this);
    this._bounds.dispose();
    void this._journal.close().finally(() => this._connection.close());
  }

  private _onWritten(_: Journal, written: IWritten): void {
    const { events } = written;
    const bytes = events.reduce((sum, event) => sum + event.bytes, 0);
    this._bounds.grow({ count: events.length, bytes });
    this._added.emit(written);
    this._tidied = this._bounds.tidy();
  }

  /** Make events of what was given up; whether there was anything. */
  private async _report(isMine: (studentId: string) => boolean): Promise<boolean> {
    const losses = await this._connection.run(db => db.getAll('losses'));
    if (!losses.some(({ studentId }) => isMine(studentId))) {
      return false;
    }
    await this._connection.write(ROOM_STORES, async writing => {
      for (const loss of await writing.objectStore('losses').getAll()) {
        if (isMine(loss.studentId)) {
          await report(writing, loss);
        }
      }
    });
    return true;
  }

  private _shrink(keys: readonly number[]): void {
    keys.forEach(key => this._bounds.grow({ count: -1, bytes: -(this._sizes.get(key) ?? 0) }));
  }

  private readonly _added = new Signal<EventQueue, IWritten>(this);
  private readonly _failed = new Signal<EventQueue, Error>(this);
  private readonly _gaveUp = new Signal<EventQueue, void>(this);
  private readonly _bounds: Bounds;
  private readonly _journal: Journal;
  private _tidied: Promise<void> = Promise.resolve();
  /** The bytes of the events that were taken last, by key. */
  private _sizes: ReadonlyMap<number, number> = new Map();
}
