/** The events that the disk does not take: this page's memory holds them until they are sent. */

import { type IBatchBounds, type IQueuedEvent, type IStoredEvent, Rank } from './database';
import { excess, fits, type ILoad } from './room';

// Small beside what a page holds anyway, and more than a class makes in an hour.
const LIMITS: ILoad = { count: 1_000, bytes: 10_000_000 };

interface IHeld {
  value: IStoredEvent;
  resolve: () => void;
  reject: (error: Error) => void;
}

/** Events under keys below zero, which no event on the disk has. */
export class MemoryEvents {
  constructor(private readonly _limits: ILoad = LIMITS) {}

  get count(): number {
    return this._held.size;
  }

  /** The events, oldest first. */
  get all(): IStoredEvent[] {
    return [...this._held.values()].map(({ value }) => value);
  }

  /**
   * Hold an event. `isSafe` resolves when it is safe elsewhere, and rejects where it has to be
   * given up. Those in `spare` are not given up for it, nor are reports.
   */
  add(
    value: IStoredEvent,
    spare: ReadonlySet<number>
  ): { event: IQueuedEvent; isSafe: Promise<void> } {
    this._lastKey -= 1;
    const key = this._lastKey;
    const isSafe = new Promise<void>((resolve, reject) => {
      this._held.set(key, { value, resolve, reject });
    });
    this._keepWithin(spare);
    return { event: queued(key, value), isSafe };
  }

  /** The oldest within the bounds. */
  first({ maxEvents, maxBytes, skip, isMine }: IBatchBounds): IQueuedEvent[] {
    const events: IQueuedEvent[] = [];
    let left = maxBytes;
    for (const [key, { value }] of this._held) {
      if (events.length === maxEvents || (events.length > 0 && value.bytes > left)) {
        break;
      }
      if (key !== this._movingKey && !skip.has(value.eventId) && isMine(value.studentId)) {
        left -= value.bytes;
        events.push(queued(key, value));
      }
    }
    return events;
  }

  /**
   * Hand the events but those in `spare` to the disk, oldest first, until `put` rejects. Returns
   * how much went.
   */
  async moveTo(
    put: (value: IStoredEvent) => Promise<unknown>,
    spare: Pick<ReadonlySet<number>, 'has'>
  ): Promise<ILoad> {
    const moved = { count: 0, bytes: 0 };
    for (const [key, { value }] of [...this._held]) {
      if (spare.has(key) || !this._held.has(key)) {
        continue;
      }
      this._movingKey = key;
      try {
        await put(value);
      } catch {
        break;
      } finally {
        this._movingKey = null;
      }
      this.settle([key]);
      moved.count += 1;
      moved.bytes += value.bytes;
    }
    return moved;
  }

  /** Let go of events: the service or the disk has them. */
  settle(keys: readonly number[]): void {
    for (const key of keys) {
      this._held.get(key)?.resolve();
      this._held.delete(key);
    }
  }

  private _keepWithin(spare: ReadonlySet<number>): void {
    while (!fits(excess(this._load, this._limits))) {
      const held = [...this._held].filter(
        ([key, { value }]) => key !== this._movingKey && !spare.has(key) && value.rank < Rank.report
      );
      if (held.length === 0) {
        return;
      }
      // The first of the lowest rank is the oldest of them.
      const [key, { reject }] = held.reduce((least, each) =>
        each[1].value.rank < least[1].value.rank ? each : least
      );
      this._held.delete(key);
      reject(new Error('The disk takes no more, nor does the memory.'));
    }
  }

  private get _load(): ILoad {
    const bytes = this.all.reduce((sum, value) => sum + value.bytes, 0);
    return { count: this.count, bytes };
  }

  private readonly _held = new Map<number, IHeld>();
  private _lastKey = 0;
  /** The event that is on its way to the disk: it is not given up either. */
  private _movingKey: number | null = null;
}

function queued(key: number, { eventId, body, bytes }: IStoredEvent): IQueuedEvent {
  return { key, eventId, body, bytes };
}
