/** Keeps a queue within its bounds, and writes down what is given up. */

import { type ISignal, Signal } from '@lumino/signaling';

import type { ILoss, IStoredEvent, QueueConnection } from './database';
import { addCounts, addedUp, LossSum, reportsOf, writeLosses } from './losses';
import { excess, fits, giveUp, type ILoad, measure, ROOM_STORES } from './room';

export const MEGABYTE = 1_000_000;
/** How much may wait where nobody says otherwise. */
export const DEFAULT_LIMITS: ILoad = { count: 20_000, bytes: 100 * MEGABYTE };
// Other tabs add and remove too: what is known of the load is looked at again, now and then.
const MEASURE_EVERY = 100;

/** The bounds of one queue, as one tab keeps them. */
export class Bounds {
  constructor(private readonly _connection: QueueConnection) {}

  limits = DEFAULT_LIMITS;

  /** The events that are on their way to the service: they are not given up. */
  underWay: ReadonlySet<number> = new Set();

  /** Emitted when something was given up. */
  get gaveUp(): ISignal<this, void> {
    return this._gaveUp;
  }

  /** What is lost and not yet written down. */
  get unwritten(): readonly ILoss[] {
    return this._unwritten.all;
  }

  /** How many losses are not yet counted on the disk, by reason. */
  get uncounted(): Map<string, number> {
    return addedUp(this._uncounted, this._unwritten.counts);
  }

  /** Events were added to the queue (or, with negative numbers, removed). */
  grow(by: ILoad): void {
    this._added += Math.max(0, by.count);
    if (this._load !== null) {
      this._load = { count: this._load.count + by.count, bytes: this._load.bytes + by.bytes };
    }
  }

  /** Events are lost: remember them until `tidy` has written them down. */
  forgo(losses: readonly ILoss[]): void {
    losses.forEach(loss => this._unwritten.add(loss));
    this._gaveUp.emit();
  }

  /** The reports of what could not be written down: from now on they are the caller's. */
  takeReports(): IStoredEvent[] {
    const { all } = this._unwritten;
    this._uncounted = this.uncounted;
    this._unwritten = new LossSum();
    return all.flatMap(reportsOf);
  }

  /** Write down what is lost, and make room where the queue is over its bounds. */
  async tidy(): Promise<void> {
    // What waits is safe without it, and the next event tries it again.
    this._tidying = this._tidying.then(() => this._tidy()).catch(() => undefined);
    return this._tidying;
  }

  /** The disk is full: give up events of little value, about `bytes` of them. */
  async free(bytes: number): Promise<void> {
    await this._giveUp({ count: 0, bytes }, true);
  }

  dispose(): void {
    Signal.clearData(this);
  }

  private async _tidy(): Promise<void> {
    await this._writeDown();
    if (this._load === null || this._added > MEASURE_EVERY + this._load.count / 50) {
      await this._measure();
    }
    if (this._load === null || fits(excess(this._load, this.limits))) {
      return;
    }
    if ((await this._connection.run(db => db.count('events'))) !== this._load.count) {
      await this._measure();
    }
    await this._giveUp(excess(this._load, this.limits), false);
  }

  private async _writeDown(): Promise<void> {
    if (this.uncounted.size === 0) {
      return;
    }
    const [sum, told] = [this._unwritten, this._uncounted];
    [this._unwritten, this._uncounted] = [new LossSum(), new Map()];
    try {
      await this._connection.write(ROOM_STORES, async writing => {
        await writeLosses(writing, sum);
        await addCounts(writing, told);
      });
    } catch (error) {
      sum.all.forEach(loss => this._unwritten.add(loss));
      this._uncounted = addedUp(told, this._uncounted);
      throw error;
    }
  }

  private async _measure(): Promise<void> {
    this._added = 0;
    this._load = await this._connection.run(db => measure(db));
  }

  private async _giveUp(over: ILoad, isLowValueOnly: boolean): Promise<void> {
    if (fits(over)) {
      return;
    }
    const order = {
      over,
      spare: { has: (key: number) => this.underWay.has(key), size: this.underWay.size },
      isLowValueOnly
    };
    const freed = await this._connection.write(ROOM_STORES, async writing => {
      const sum = new LossSum();
      const room = await giveUp(writing, order, sum);
      await writeLosses(writing, sum);
      return room;
    });
    this.grow({ count: -freed.count, bytes: -freed.bytes });
    if (freed.count > 0) {
      this._gaveUp.emit();
    }
  }

  private readonly _gaveUp = new Signal<this, void>(this);
  private _load: ILoad | null = null;
  private _added = 0;
  private _unwritten = new LossSum();
  /** The losses that are reported already, by reason. */
  private _uncounted = new Map<string, number>();
  private _tidying: Promise<void> = Promise.resolve();
}
