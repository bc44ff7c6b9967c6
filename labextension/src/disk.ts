/** The way of a group to the disk: by a worker where there is one, else from the page itself. */

import { unwrap } from 'idb';

import type { QueueConnection } from './database';
import { type Answer, type IGroup, putGroup, type Told } from './groups';

// A worker that answers no more is not waited for; what it wrote all the same counts once.
const PATIENCE_MS = 5_000;

/** What is used of a `Worker`. */
export interface IWorker {
  onmessage: ((message: MessageEvent<Answer>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  postMessage(told: Told): void;
  terminate(): void;
}

interface IAsked {
  group: IGroup;
  resolve: (keys: number[]) => void;
  reject: (error: unknown) => void;
}

/** Writes groups. A transaction costs the page's thread several times what a message does. */
export class Disk {
  constructor(
    private readonly _connection: QueueConnection,
    startWorker?: () => IWorker
  ) {
    try {
      this._starting = startWorker?.() ?? null;
    } catch (error) {
      console.warn('Events are written without a worker.', error);
    }
    const worker = this._starting;
    if (worker !== null) {
      worker.onmessage = ({ data }) => this._take(worker, data);
      worker.onerror = () => this._giveUp();
      worker.postMessage({ open: _connection.name });
    }
  }

  /** Resolves to the keys of the group's events when all of it is on the disk. */
  async write(group: IGroup): Promise<number[]> {
    const worker = this._worker;
    if (worker === null) {
      return this._put(group);
    }
    this._lastId += 1;
    const id = this._lastId;
    return new Promise((resolve, reject) => {
      this._timer ??= setTimeout(() => this._giveUp(), PATIENCE_MS);
      this._asked.set(id, { group, resolve, reject });
      worker.postMessage({ id, group });
    });
  }

  /** The page goes, and its worker with it: write from here what that one has not confirmed. */
  hurry(): void {
    this._asked.forEach(({ group }) => void this._put(group).catch(() => undefined));
  }

  dispose(): void {
    this._giveUp();
  }

  private _take(worker: IWorker, answer: Answer): void {
    if ('isReady' in answer) {
      this._worker = worker;
      return;
    }
    const asked = this._asked.get(answer.id);
    this._asked.delete(answer.id);
    if (this._asked.size === 0) {
      this._stopTimer();
    }
    if ('keys' in answer) {
      asked?.resolve(answer.keys);
    } else if (answer.error === 'QuotaExceededError') {
      asked?.reject(new DOMException(answer.detail, answer.error));
    } else if (asked !== undefined) {
      // Its database was closed, or worse.
      this._asked.set(answer.id, asked);
      this._giveUp();
    }
  }

  /** From now on without a worker. */
  private _giveUp(): void {
    this._stopTimer();
    this._starting?.terminate();
    this._starting = this._worker = null;
    const asked = [...this._asked.values()];
    this._asked.clear();
    asked.forEach(({ group, resolve, reject }) => this._put(group).then(resolve, reject));
  }

  private _stopTimer(): void {
    clearTimeout(this._timer);
    this._timer = undefined;
  }

  private async _put(group: IGroup): Promise<number[]> {
    return this._connection.run(db => putGroup(unwrap(db), group));
  }

  private _starting: IWorker | null = null;
  /** The worker, when it is ready. */
  private _worker: IWorker | null = null;
  private readonly _asked = new Map<number, IAsked>();
  private _lastId = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}
