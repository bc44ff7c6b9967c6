/** The events that wait in the browser's IndexedDB: one database for each hub and user. */

import { type ISignal, Signal } from '@lumino/signaling';

import { Bounds } from './bounds';
import { nextContact } from './contact';
import type { OnBlocked } from './connection';
import type { AnyEvent } from './contract';
import {
  type IBatchBounds,
  type ILoss,
  type IQueuedEvent,
  type IRejectedEvent,
  type IStoredEvent,
  QueueConnection,
  readBatch,
  type StoreName,
  storedEvent,
  type Writing
} from './database';
import { Disk, type IWorker } from './disk';
import type { IEventSink } from './interfaces';
import { type IOpenRuns, type IWritten, Journal } from './journal';
import { Leases } from './leases';
import { addedUp, lossOf, LossSum, putRejected, REJECTED, writeLosses } from './losses';
import type { MemoryEvents } from './memory';
import { type IStanding, readContents, readStanding } from './reading';
import type { ILoad } from './room';
import type { IQueueContents } from './saving';
import { Shortage } from './shortage';

export type { IQueuedEvent, IRejectedEvent } from './database';

/** A queue that survives a closed tab. All tabs of a user share it. */
export class EventQueue implements IEventSink {
  private constructor(
    private readonly _connection: QueueConnection,
    disk: Disk
  ) {
    this.leases = new Leases(_connection);
    this._bounds = new Bounds(_connection);
    this._bounds.gaveUp.connect(() => this._changed.emit());
    this._shortage = new Shortage(_connection, disk, this._bounds);
    this._journal = new Journal(_connection, disk, bytes => this._bounds.free(bytes));
    this._journal.written.connect(this._onWritten, this);
  }

  /** Open the database `name`. Rejects where the browser keeps no data (some private windows). */
  static async open(
    name: string,
    startWorker?: () => IWorker,
    onBlocked?: OnBlocked
  ): Promise<EventQueue> {
    const connection = await QueueConnection.open(name, onBlocked);
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

  /** How many events are in this page's memory alone, because the disk takes none. */
  get memoryCount(): number {
    return this._memory.count;
  }

  /** How many losses wait until the disk has room for their reports. */
  get stuckCount(): number {
    return this._shortage.stuckCount;
  }

  /** The runs that are not over yet: they are written together with the events. */
  get runs(): IOpenRuns {
    return this._journal;
  }

  /** Emitted when events of this tab wait; those in memory alone have keys below zero. */
  get added(): ISignal<EventQueue, IWritten> {
    return this._added;
  }

  /** Emitted when the disk did not take an event, e.g. because it is full. */
  get failed(): ISignal<EventQueue, Error> {
    return this._failed;
  }

  /** Emitted when this tab gave up events, or the disk took some that were in memory alone. */
  get changed(): ISignal<EventQueue, void> {
    return this._changed;
  }

  /**
   * Keep an event. Resolves when it is on the disk or, where that takes none, with the service;
   * rejects where it had to be given up.
   */
  async add(event: AnyEvent): Promise<void> {
    const value = storedEvent(event);
    try {
      await this._journal.add(value);
    } catch (error) {
      this._failed.emit(error instanceof Error ? error : new Error(String(error)));
      const { event: held, isSafe } = this._shortage.hold(value);
      this._added.emit({ events: [held], isMoreToCome: false });
      await isSafe;
    }
    await this._tidied;
  }

  /** Report events that were lost before they came here. */
  async lose(loss: ILoss): Promise<void> {
    this._bounds.forgo([loss]);
    await this._bounds.tidy();
  }

  /** Give the disk what it did not take before. Nothing is under way to the service by now. */
  async retry(): Promise<void> {
    this._bounds.underWay = new Set();
    await this._bounds.tidy();
    await this._shortage.toDisk();
    await this._journal.retry();
  }

  /**
   * The oldest events, at most `maxEvents` and `maxBytes`, and at least one if there is any;
   * those in `skip`, and those of anybody but `studentId`, are passed over. Where nothing else
   * waits, what was given up becomes an event that reports it.
   */
  async take(
    maxEvents: number,
    maxBytes: number,
    skip: ReadonlySet<string> = new Set(),
    studentId: string | null = null
  ): Promise<IQueuedEvent[]> {
    await this.retry();
    this._shortage.stuckCount = 0;
    const isMine = (id: string): boolean => studentId === null || id === studentId;
    const bounds = { maxEvents, maxBytes, skip, isMine };
    let batch = await this._read(bounds);
    if (batch.isEnd && (await this._shortage.reportAll(isMine, batch.hasLosses))) {
      batch = await this._read(bounds);
    }
    this._sizes = new Map(batch.events.map(({ key, bytes }) => [key, bytes]));
    this._bounds.underWay = new Set(this._sizes.keys());
    return batch.events;
  }

  /** Delete the events that the service has; it said so at `at` (ms since 1970). */
  async remove(keys: readonly number[], at = Date.now()): Promise<void> {
    await this._delete(keys, ['contact'], async writing => {
      const contact = writing.objectStore('contact');
      await contact.put(nextContact(await contact.get('last'), at, keys.length), 'last');
    });
  }

  /** Move an event out of the way, to the last few that were refused for good, and report it. */
  async reject(key: number, rejected: IRejectedEvent): Promise<void> {
    // A report has no number, so it is not reported in its turn.
    const loss = lossOf(rejected.body, REJECTED + rejected.code);
    const isWhole = await this._delete([key], ['rejected', 'counts', 'losses'], async writing => {
      await putRejected(writing, rejected);
      await writeLosses(writing, new LossSum(loss === null ? [] : [loss]));
    });
    if (!isWhole) {
      this._shortage.reject(rejected);
    }
  }

  /** How it stands with it, for the student who is signed in, if one is known. */
  async standing(studentId: string | null = null): Promise<IStanding> {
    const onDisk = await readStanding(this._connection, studentId);
    const inMemory = this._memory.all;
    const others = inMemory.filter(value => value.studentId !== studentId);
    const { rejected } = this._shortage;
    return {
      ...onDisk,
      waiting: onDisk.waiting + inMemory.length + this._bounds.unwritten.length,
      foreignCount: onDisk.foreignCount + (studentId === null ? 0 : others.length),
      rejectedCount: onDisk.rejectedCount + rejected.length,
      lastRejection: rejected.at(-1) ?? onDisk.lastRejection,
      dropped: addedUp(onDisk.dropped, this._bounds.uncounted)
    };
  }

  /** All that it holds, for a person to look at. */
  async contents(): Promise<IQueueContents> {
    await this._journal.flush();
    const { bodies, rejected, losses, dropped } = await readContents(this._connection);
    return {
      bodies: [...bodies, ...this._memory.all.map(({ body }) => body)],
      rejected: [...rejected, ...this._shortage.rejected],
      losses: [...losses, ...this._bounds.unwritten],
      dropped: addedUp(dropped, this._bounds.uncounted)
    };
  }

  /** What the disk does not have: the page goes, and would take it along. */
  leave(): IStoredEvent[] {
    this._shortage.report();
    return [...this._memory.all, ...this._journal.unwritten];
  }

  /** Close the database. */
  dispose(): void {
    Signal.clearData(this);
    this._bounds.dispose();
    void this._journal.close().finally(() => this._connection.close());
  }

  private get _memory(): MemoryEvents {
    return this._shortage.memory;
  }

  private _onWritten(_: Journal, written: IWritten): void {
    const { events } = written;
    const bytes = events.reduce((sum, event) => sum + event.bytes, 0);
    this._bounds.grow({ count: events.length, bytes });
    this._added.emit(written);
    this._tidied = this._bounds.tidy();
    if (this._memory.count > 0) {
      void this._shortage.toDisk().then(() => this._changed.emit());
    }
  }

  private async _read(bounds: IBatchBounds): ReturnType<typeof readBatch> {
    const first = this._memory.first(bounds);
    this._bounds.underWay = new Set(first.map(({ key }) => key));
    try {
      return await this._connection.run(db => readBatch(db, bounds, first));
    } catch (error) {
      // A broken disk holds nothing up that is in memory.
      this._shortage.report();
      const events = this._memory.first(bounds);
      if (events.length === 0) {
        throw error;
      }
      return { events, isEnd: false, hasLosses: false };
    }
  }

  /** `act` belongs to it; false where the disk had no room for that. */
  private async _delete(
    keys: readonly number[],
    stores: StoreName[],
    act: (writing: Writing) => Promise<void>
  ): Promise<boolean> {
    this._memory.settle(keys);
    const onDisk = keys.filter(key => key > 0);
    let isWhole = false;
    try {
      isWhole = await this._connection.deleteEvents(onDisk, stores, act);
    } catch (error) {
      if (onDisk.length > 0) {
        throw error;
      }
    }
    onDisk.forEach(key => this._bounds.grow({ count: -1, bytes: -(this._sizes.get(key) ?? 0) }));
    return isWhole;
  }

  private readonly _added = new Signal<EventQueue, IWritten>(this);
  private readonly _failed = new Signal<EventQueue, Error>(this);
  private readonly _changed = new Signal<EventQueue, void>(this);
  private readonly _bounds: Bounds;
  private readonly _journal: Journal;
  private readonly _shortage: Shortage;
  private _tidied: Promise<void> = Promise.resolve();
  /** The bytes of the events that were taken last, by key. */
  private _sizes: ReadonlyMap<number, number> = new Map();
}
