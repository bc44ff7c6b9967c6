/** What the recorder writes to the disk: all of one moment in one transaction. */

import { type ISignal, Signal } from '@lumino/signaling';
import { unwrap } from 'idb';

import {
  type IQueuedEvent,
  type IStoredEvent,
  type IStoredRun,
  type QueueConnection,
  type QueueDatabase,
  type StoreName,
  STRICT
} from './database';

// The start and the end of a quick run, or many runs of "Run All", cost one transaction then.
const GATHER_MS = 20;
// A request alone can wait for longer: most begin within it.
const REQUEST_MS = 100;

/** Where the open runs are kept, so that a page which comes later can close them. */
export interface IOpenRuns {
  /** Keep an open run, or what changed of it. */
  putRun(run: IStoredRun): void;
  /** Forget a run that has ended or was none, with the next that is written. */
  forgetRun(executionId: string): void;
  /** Make the open runs of all pages but the `living` ones those of `page`, and return them. */
  adoptRuns(page: string, living: ReadonlySet<string>): Promise<IStoredRun[]>;
}

/** `isMoreToCome`: further cells wait for the kernel. */
export interface IWritten {
  events: readonly IQueuedEvent[];
  isMoreToCome: boolean;
}

interface IPending {
  value: IStoredEvent;
  resolve: (key: number) => void;
  reject: (error: unknown) => void;
}

/** What changes of the open runs. */
interface IRunChanges {
  put: readonly IStoredRun[];
  forget: readonly string[];
}

/** Gathers and writes. An event that is the end of a run takes the place of the open run. */
export class Journal implements IOpenRuns {
  /** `makeRoom` is asked for so many bytes where the disk is full. */
  constructor(
    private readonly _connection: QueueConnection,
    private readonly _makeRoom: (bytes: number) => Promise<void>
  ) {
    LEAVING.forEach(name => globalThis.addEventListener?.(name, this._onLeaving));
  }

  /** Emitted when events are on the disk. */
  get written(): ISignal<this, IWritten> {
    return this._written;
  }

  /** The events that are not on the disk yet. */
  get unwritten(): readonly IStoredEvent[] {
    return [...this._unwritten];
  }

  /** Keep an event; resolves to its key when it is on the disk. */
  add(value: IStoredEvent): Promise<number> {
    const { endOf } = value;
    this._unwritten.add(value);
    const added = new Promise<number>((resolve, reject) => {
      this._pending.push({ value, resolve, reject });
    });
    if (endOf !== undefined) {
      this.forgetRun(endOf);
    }
    // Nothing follows the last end: it need not wait.
    this._plan(endOf !== undefined && this._open.size === 0 ? 0 : GATHER_MS);
    return added;
  }

  putRun(run: IStoredRun): void {
    this._open.set(run.executionId, run.start !== null);
    this._put.set(run.executionId, run);
    this._plan(run.start === null ? REQUEST_MS : GATHER_MS);
  }

  forgetRun(executionId: string): void {
    this._open.delete(executionId);
    this._put.delete(executionId);
    if (this._kept.delete(executionId)) {
      this._forget.push(executionId);
    }
  }

  /** Write what waits; resolves when all that waited is on the disk. */
  async flush(): Promise<void> {
    clearTimeout(this._timer);
    this._timer = undefined;
    const [pending, put, forget] = [this._pending, [...this._put.values()], this._forget];
    if (pending.length + put.length + forget.length > 0) {
      [this._pending, this._forget] = [[], []];
      this._put.clear();
      put.forEach(run => this._kept.add(run.executionId));
      const writing = this._write(pending, { put, forget });
      this._writing = Promise.all([this._writing, writing]);
    }
    await this._writing;
  }

  async adoptRuns(page: string, living: ReadonlySet<string>): Promise<IStoredRun[]> {
    await this.flush();
    const adopted = await this._connection.write(['runs'], async writing => {
      const store = writing.objectStore('runs');
      const left = (await store.getAll()).filter(run => run.page !== page && !living.has(run.page));
      const own = left.map(run => ({ ...run, page }));
      await Promise.all(own.map(run => store.put(run)));
      return own;
    });
    adopted.forEach(run => this._kept.add(run.executionId));
    return adopted;
  }

  dispose(): void {
    LEAVING.forEach(name => globalThis.removeEventListener?.(name, this._onLeaving));
    void this.flush();
    Signal.clearData(this);
  }

  private _plan(delayMs: number): void {
    if (delayMs === 0 || globalThis.document?.hidden) {
      // The timers of a hidden page are late by up to a minute.
      void this.flush();
    } else if (this._timer === undefined || delayMs < this._timerMs) {
      clearTimeout(this._timer);
      this._timerMs = delayMs;
      this._timer = setTimeout(() => void this.flush(), delayMs);
    }
  }

  private async _write(pending: readonly IPending[], runs: IRunChanges): Promise<void> {
    try {
      this._settle(pending, await this._putAll(pending, runs));
    } catch (error) {
      await this._writeApart(pending, runs, pending.length === 1 ? error : null);
    }
  }

  /** One that cannot be kept costs only itself; a run stays open where its end is lost. */
  private async _writeApart(
    pending: readonly IPending[],
    runs: IRunChanges,
    known: unknown
  ): Promise<void> {
    const lost = new Set<string | undefined>();
    for (const each of pending) {
      try {
        this._settle([each], await this._putAlone(each, known));
      } catch (error) {
        lost.add(each.value.endOf);
        this._unwritten.delete(each.value);
        each.reject(error);
      }
    }
    const { put } = runs;
    await this._putAll([], { put, forget: runs.forget.filter(id => !lost.has(id)) }).catch(warn);
  }

  /** `known`: why it could not be kept a moment ago. */
  private async _putAlone(each: IPending, known: unknown): Promise<number[]> {
    try {
      if (known !== null) {
        throw known;
      }
      return await this._putAll([each], NOTHING);
    } catch (error) {
      if (!isFull(error)) {
        throw error;
      }
      await this._makeRoom(2 * each.value.bytes);
      return this._putAll([each], NOTHING);
    }
  }

  private _settle(pending: readonly IPending[], keys: readonly number[]): void {
    pending.forEach(({ value }) => this._unwritten.delete(value));
    const events = pending.map(({ value: { eventId, body, bytes } }, index) => {
      return { key: keys[index], eventId, body, bytes };
    });
    if (events.length > 0) {
      const isMoreToCome = [...this._open.values()].includes(false);
      this._written.emit({ events, isMoreToCome });
    }
    pending.forEach(({ resolve }, index) => resolve(keys[index]));
  }

  private async _putAll(pending: readonly IPending[], runs: IRunChanges): Promise<number[]> {
    const stores: StoreName[] = pending.length > 0 ? ['events'] : [];
    if (runs.put.length + runs.forget.length > 0) {
      stores.push('runs');
    }
    return stores.length === 0 ? [] : this._connection.run(db => put(db, stores, pending, runs));
  }

  private readonly _onLeaving = (): void => void this.flush();
  private readonly _written = new Signal<this, IWritten>(this);
  private _pending: IPending[] = [];
  private readonly _put = new Map<string, IStoredRun>();
  private _forget: string[] = [];
  /** The runs of this page that were not written off, and whether the kernel has begun them. */
  private readonly _open = new Map<string, boolean>();
  /** The runs that are on the disk, or on their way there. */
  private readonly _kept = new Set<string>();
  /** The events that are not on the disk yet. */
  private readonly _unwritten = new Set<IStoredEvent>();
  private _writing: Promise<unknown> = Promise.resolve();
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _timerMs = 0;
}

const LEAVING = ['pagehide', 'visibilitychange'];
const NOTHING: IRunChanges = { put: [], forget: [] };

/** Straight to IndexedDB: each event comes by here, and a wrapper costs more than the call. */
async function put(
  db: QueueDatabase,
  stores: readonly StoreName[],
  pending: readonly IPending[],
  runs: IRunChanges
): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const transaction = unwrap(db).transaction([...stores], 'readwrite', STRICT);
    // Only the transaction's own error says that the disk is full.
    transaction.onabort = () => reject(transaction.error);
    try {
      const requests = pending.map(({ value }) => transaction.objectStore('events').add(value));
      runs.forget.forEach(executionId => transaction.objectStore('runs').delete(executionId));
      runs.put.forEach(run => transaction.objectStore('runs').put(run));
      transaction.oncomplete = () => resolve(requests.map(({ result }) => result as number));
      // Without waiting for the keys: a tab that closes now has already handed the events over.
      transaction.commit();
    } catch (error) {
      reject(error);
      transaction.abort();
    }
  });
}

/** Whether an error says that the disk takes nothing new. */
export function isFull(error: unknown): boolean {
  return (error as Partial<Error> | null)?.name === 'QuotaExceededError';
}

// The recording itself goes on without it; only a reload in mid-run would show it.
function warn(error: unknown): void {
  console.warn('Open runs could not be kept.', error);
}
