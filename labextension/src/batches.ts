/** Takes batches from the queue, hands them over, and settles each event by its own result. */

import type { IClock } from './clock';
import { MAX_BATCH_EVENTS } from './contract';
import { failureOf, rejectedOf, settle } from './delivery';
import type { EventQueue, IQueuedEvent } from './queue';
import type { RequestError } from './request';
import type { ITransport } from './transport';

const HOLD_MS = 120_000;
const RETRY_MS = 5_000;

/** Never two at once: the caller takes turns. */
export class Batches {
  constructor(
    private readonly _queue: EventQueue,
    private readonly _transport: ITransport,
    private readonly _clock: IClock,
    private readonly _random: () => number
  ) {}

  /** Events of this page that were acknowledged. */
  sentCount = 0;

  /** Whether the last batch holds events that are to be sent again at once. */
  isAgain = false;

  /** How many events are passed over for now. */
  get heldCount(): number {
    return this._heldIds().size;
  }

  /** How many events the server takes for another student's: they stay. */
  get foreignCount(): number {
    return [...this._held.values()].filter(until => until === Infinity).length;
  }

  /** Why, in the server's words. */
  get foreignDetail(): string {
    return this._foreignDetail;
  }

  /** The next batch of a student's; empty where nothing waits that may go now. */
  async next(studentId: string): Promise<IQueuedEvent[]> {
    const { maxBytes } = this._transport;
    return this._queue.take(this._limit, maxBytes, this._heldIds(), studentId);
  }

  /** Send a batch and settle its events. Throws `RequestError` where it was refused as a whole. */
  async deliver(batch: readonly IQueuedEvent[]): Promise<void> {
    this.isAgain = false;
    const results = await this._transport.post(batch);
    const now = this._clock.now();
    const settled = settle(batch, results, now);
    await this._queue.remove(settled.remove, now);
    for (const { key, rejected } of settled.reject) {
      await this._queue.reject(key, rejected);
    }
    const retryAt = this._clock.elapsed() + RETRY_MS * (1 + this._random());
    this._hold(batch, settled.keep, retryAt);
    this.isAgain = settled.again.length > 0;
    this._hold(batch, settled.foreign, Infinity);
    this._foreignDetail = settled.detail || this._foreignDetail;
    this.sentCount += settled.remove.length;
    this._limit = Math.min(MAX_BATCH_EVENTS, this._limit * 2);
  }

  /**
   * Halve a batch that was refused as a whole; put the one that is at fault out of the way: for
   * good where the service itself says so (its `code`), else for a while.
   */
  async refuse(batch: readonly IQueuedEvent[], error: RequestError): Promise<void> {
    if (failureOf(error) !== 'split') {
      return;
    }
    this._limit = Math.max(1, Math.floor(batch.length / 2));
    if (batch.length > 1) {
      return;
    }
    const [event] = batch;
    if (error.status !== 500 && error.code) {
      await this._queue.reject(event.key, rejectedOf(event, error, this._clock.now()));
    } else {
      this._held.set(event.eventId, this._clock.elapsed() + HOLD_MS);
    }
  }

  /** Pass over none any more. */
  release(): void {
    this._held.clear();
  }

  private _hold(batch: readonly IQueuedEvent[], keys: readonly number[], until: number): void {
    const held = batch.filter(({ key }) => keys.includes(key));
    held.forEach(({ eventId }) => this._held.set(eventId, until));
  }

  private _heldIds(): ReadonlySet<string> {
    const now = this._clock.elapsed();
    this._held.forEach((until, eventId) => until <= now && this._held.delete(eventId));
    return new Set(this._held.keys());
  }

  /** Until when an event is passed over, by its id: its key changes where it goes to the disk. */
  private readonly _held = new Map<string, number>();
  private _foreignDetail = '';
  private _limit = MAX_BATCH_EVENTS;
}
