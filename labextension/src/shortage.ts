/** What the disk does not take: this page's memory holds it until the disk or the service has it. */

import type { Bounds } from './bounds';
import type { IQueuedEvent, IRejectedEvent, IStoredEvent, QueueConnection } from './database';
import type { Disk } from './disk';
import { lossOf, NOT_KEPT, putRejected, REJECTED, reportAll } from './losses';
import { MemoryEvents } from './memory';

/** Events, refusals of events, and reports of losses. */
export class Shortage {
  constructor(
    private readonly _connection: QueueConnection,
    private readonly _disk: Disk,
    private readonly _bounds: Bounds
  ) {}

  readonly memory = new MemoryEvents();

  /** How many losses on the disk cannot become events, because that takes room. */
  stuckCount = 0;

  /** The events that were refused for good, and are not on the disk's list of them. */
  get rejected(): readonly IRejectedEvent[] {
    return this._rejected;
  }

  /**
   * Hold an event. `isSafe` resolves when the disk or the service has it, and rejects where it has
   * to be given up; its loss is remembered then.
   */
  hold(value: IStoredEvent): { event: IQueuedEvent; isSafe: Promise<void> } {
    const { event, isSafe } = this.memory.add(value, this._bounds.underWay);
    return { event, isSafe: isSafe.catch((error: unknown) => this._lose(value, error)) };
  }

  /** The service has refused an event for good, and the disk has no room to say so. */
  reject(rejected: IRejectedEvent): void {
    this._rejected.push(rejected);
    const loss = lossOf(rejected.body, REJECTED + rejected.code);
    this._bounds.forgo(loss === null ? [] : [loss]);
  }

  /** Make events of the losses that could not be written down; whether there were any. */
  report(): boolean {
    const reports = this._bounds.takeReports();
    reports.forEach(value => this.memory.add(value, this._bounds.underWay));
    return reports.length > 0;
  }

  /**
   * The same, and of what is written down, if there is any (`isAnyOnDisk`); whether there was
   * anything of `isMine`.
   */
  async reportAll(isMine: (studentId: string) => boolean, isAnyOnDisk: boolean): Promise<boolean> {
    const isInMemory = this.report();
    try {
      const isReported = isAnyOnDisk && (await reportAll(this._connection, isMine));
      return isReported || isInMemory;
    } catch {
      // The losses are safe where they are, and what else waits can go.
      this.stuckCount = await this._connection.run(db => db.count('losses')).catch(() => 0);
      return isInMemory;
    }
  }

  /** Give the disk what it takes by now, but for what is under way to the service. */
  async toDisk(): Promise<void> {
    this._moving = this._moving.then(() => this._toDisk());
    return this._moving;
  }

  private async _toDisk(): Promise<void> {
    const put = async (value: IStoredEvent): Promise<unknown> =>
      this._disk.write({ events: [value], runs: [], forgotten: [] });
    this._bounds.grow(
      await this.memory.moveTo(put, { has: key => this._bounds.underWay.has(key) })
    );
    if (this._rejected.length > 0) {
      const rejected = this._rejected;
      this._rejected = [];
      await this._connection
        .write(['rejected', 'counts'], async writing => {
          for (const each of rejected) {
            await putRejected(writing, each);
          }
        })
        .catch(() => this._rejected.unshift(...rejected));
    }
  }

  private _lose(value: IStoredEvent, error: unknown): never {
    const loss = lossOf(value.body, NOT_KEPT);
    this._bounds.forgo(loss === null ? [] : [loss]);
    throw error;
  }

  private _rejected: IRejectedEvent[] = [];
  private _moving: Promise<void> = Promise.resolve();
}
