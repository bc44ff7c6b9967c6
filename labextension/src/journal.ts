/** What the recorder writes to the disk: all of one moment in one transaction. */

import { type ISignal, Signal } from '@lumino/signaling';

import { isFull } from './connection';
import type { IQueuedEvent, IStoredEvent, IStoredRun, QueueConnection } from './database';
import type { Disk } from './disk';
import type { IGroup } from './groups';

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
  /** The pages that have open runs on the disk. */
  pages(): Promise<ReadonlySet<string>>;
  /** Make the open runs of the pages that are `gone` those of `page`, and return them. */
  adoptRuns(page: string, gone: ReadonlySet<string>): Promise<IStoredRun[]>;
}

/** `isMoreToCome`: further cells wait for the kernel. */
export interface IWritten {
  events: readonly IQueuedEvent[];
  isMoreToCome: boolean;
}

interface IPending {
  value: IStoredEvent;
  /** The run of this page that it is the end of. */
  run: IStoredRun | undefined;
  resolve: (key: number) => void;
  reject: (error: unknown) => void;
}

/** What changes of the open runs. */
type RunChanges = Omit<IGroup, 'events'>;

/** Gathers and writes. An event that is the end of a run takes the place of the open run. */
export class Journal implements IOpenRuns {
  /** `makeRoom` is asked for so many bytes where the disk is full. */
  constructor(
    private readonly _connection: QueueConnection,
    private readonly _disk: Disk,
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
    const run = endOf === undefined ? undefined : this._open.get(endOf);
    this._unwritten.add(value);
    const added = new Promise<number>((resolve, reject) => {
      this._pending.push({ value, run, resolve, reject });
    });
    if (endOf !== undefined) {
      this.forgetRun(endOf);
    }
    // Nothing follows the last end: it need not wait.
    this._plan(endOf !== undefined && this._open.size === 0 ? 0 : GATHER_MS);
    return added;
  }

  putRun(run: IStoredRun): void {
    this._open.set(run.executionId, run);
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
    const [pending, runs, forgotten] = [this._pending, [...this._put.values()], this._forget];
    if (pending.length + runs.length + forgotten.length > 0) {
      this._isLeft = false;
      [this._pending, this._forget] = [[], []];
      this._put.clear();
      runs.forEach(run => this._kept.add(run.executionId));
      const writing = this._write(pending, { runs, forgotten });
      this._writing = Promise.all([this._writing, writing]).then(() => undefined);
    }
    await this._writing;
  }

  /** Write again what could not be written of the open runs. */
  async retry(): Promise<void> {
    if (this._isLeft) {
      await this.flush();
    }
  }

  async pages(): Promise<ReadonlySet<string>> {
    const runs = await this._connection.run(db => db.getAll('runs'));
    return new Set(runs.map(run => run.page));
  }

  async adoptRuns(page: string, gone: ReadonlySet<string>): Promise<IStoredRun[]> {
    await this.flush();
    let adopted: IStoredRun[] = [];
    try {
      await this._connection.write(['runs'], async writing => {
        const store = writing.objectStore('runs');
        const left = (await store.getAll()).filter(run => gone.has(run.page));
        adopted = left.map(run => ({ ...run, page }));
        await Promise.all(adopted.map(run => store.put(run)));
      });
    } catch (error) {
      if (!isFull(error)) {
        throw error;
      }
      adopted.forEach(run => this._put.set(run.executionId, run));
      this._isLeft = true;
    }
    adopted.forEach(run => this._kept.add(run.executionId));
    return adopted;
  }

  /** Write the last; resolves when that is done. */
  async close(): Promise<void> {
    LEAVING.forEach(name => globalThis.removeEventListener?.(name, this._onLeaving));
    Signal.clearData(this);
    const written = this.flush();
    this._disk.dispose();
    await written;
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

  private async _write(pending: readonly IPending[], changes: RunChanges): Promise<void> {
    try {
      this._settle(pending, await this._putAll(pending, changes));
    } catch (error) {
      await this._writeApart(pending, changes, pending.length === 1 ? error : null);
    }
  }

  /** One that cannot be kept costs only itself; a run stays open where its end is lost. */
  private async _writeApart(
    pending: readonly IPending[],
    changes: RunChanges,
    known: unknown
  ): Promise<void> {
    const lost: IPending[] = [];
    for (const each of pending) {
      try {
        this._settle([each], await this._putAlone(each, known));
      } catch (error) {
        lost.push(each);
        this._unwritten.delete(each.value);
        each.reject(error);
      }
    }
    const endless = new Set(lost.map(({ value }) => value.endOf));
    const left = lost.flatMap(({ run }) => run ?? []);
    const stay = changes.forgotten.filter(id => endless.has(id));
    [...left.map(({ executionId }) => executionId), ...stay].forEach(id => this._kept.add(id));
    await this._putRuns({
      runs: [...changes.runs, ...left],
      forgotten: changes.forgotten.filter(id => !endless.has(id))
    });
  }

  /** What cannot be written now is written with what comes next. */
  private async _putRuns({ runs, forgotten }: RunChanges): Promise<void> {
    try {
      // What only deletes goes through where nothing else does.
      await this._putAll([], { runs: [], forgotten });
    } catch {
      this._forget.push(...forgotten);
    }
    const asTheyAre = (): IStoredRun[] =>
      runs
        .filter(({ executionId }) => this._kept.has(executionId))
        .map(run => this._open.get(run.executionId) ?? run);
    try {
      await this._putAll([], { runs: asTheyAre(), forgotten: [] });
    } catch (error) {
      // The recording itself goes on without them; only a reload in mid-run would show it.
      console.warn('Open runs could not be kept.', error);
      this._isLeft = true;
      asTheyAre().forEach(run => this._put.set(run.executionId, run));
    }
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
      const isMoreToCome = [...this._open.values()].some(({ start }) => start === null);
      this._written.emit({ events, isMoreToCome });
    }
    pending.forEach(({ resolve }, index) => resolve(keys[index]));
  }

  private async _putAll(pending: readonly IPending[], changes: RunChanges): Promise<number[]> {
    const group = { events: pending.map(({ value }) => value), ...changes };
    const size = pending.length + changes.runs.length + changes.forgotten.length;
    return size === 0 ? [] : this._disk.write(group);
  }

  private readonly _onLeaving = (event: Event): void => {
    void this.flush();
    if (event.type === 'pagehide') {
      this._disk.hurry();
    }
  };

  private readonly _written = new Signal<this, IWritten>(this);
  private _pending: IPending[] = [];
  private readonly _put = new Map<string, IStoredRun>();
  private _forget: string[] = [];
  /** The runs of this page that are not over, as they are now. */
  private readonly _open = new Map<string, IStoredRun>();
  /** The runs that are on the disk, or on their way there. */
  private readonly _kept = new Set<string>();
  /** The events that are not on the disk yet. */
  private readonly _unwritten = new Set<IStoredEvent>();
  private _writing: Promise<unknown> = Promise.resolve();
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _timerMs = 0;
  /** Whether open runs could not be written. */
  private _isLeft = false;
}

const LEAVING = ['pagehide', 'visibilitychange'];
const NOTHING: RunChanges = { runs: [], forgotten: [] };
