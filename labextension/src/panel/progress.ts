/** The student's progress on the notebook in front: a snapshot, and what is newer. */

import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { servicePath } from '../classes';
import type { NotebookProgress, ProgressList } from '../contract';
import type { IRecorder, ISender } from '../interfaces';
import type { UpdateMessage } from '../socket';

/** Cells that count, and how many of them are done. */
export interface IProgress {
  completed: number;
  total: number;
}

interface IKnown extends IProgress {
  cursor: number;
}

/** What a progress works with; `fetch` reads the snapshot of a notebook by its path. */
export interface IProgressOptions {
  recorder: IRecorder;
  sender: ISender;
  socket: {
    readonly message: ISignal<object, UpdateMessage>;
    readonly snapshotNeeded: ISignal<object, string>;
    readonly isConnected: boolean;
  };
  fetch: (path: string) => Promise<ProgressList>;
}

/** Follows the recorder's notebook. */
export class Progress implements IDisposable {
  constructor(private readonly _options: IProgressOptions) {
    const { recorder, sender, socket } = _options;
    recorder.changed.connect(this._onRecorder, this);
    sender.changed.connect(this._onSender, this);
    socket.message.connect(this._onMessage, this);
    socket.snapshotNeeded.connect(this._onSnapshotNeeded, this);
    this._onRecorder();
  }

  /** Null where no recorded notebook is in front, or the service does not know it yet. */
  get current(): IProgress | null {
    return this._path === null ? null : (this._known.get(this._path) ?? null);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    const { recorder, sender, socket } = this._options;
    recorder.changed.disconnect(this._onRecorder, this);
    sender.changed.disconnect(this._onSender, this);
    socket.message.disconnect(this._onMessage, this);
    socket.snapshotNeeded.disconnect(this._onSnapshotNeeded, this);
    Signal.clearData(this);
  }

  private _onRecorder(): void {
    const { current } = this._options.recorder;
    const path = current?.classId ? servicePath(current.path) : null;
    if (path !== this._path) {
      this._path = path;
      this._changed.emit();
      this._read();
    }
  }

  /** The service learns of a notebook by our events; where no updates come, ask after each sending. */
  private _onSender(sender: ISender): void {
    const { sentCount } = sender.state;
    const isNew = sentCount > this._sentCount;
    this._sentCount = sentCount;
    const isKnown = this._path !== null && this._inSnapshots.has(this._path);
    if (isNew && (!isKnown || !this._options.socket.isConnected)) {
      this._read();
    }
  }

  private _onMessage(_socket: unknown, message: UpdateMessage): void {
    if (message.event === 'progress_update' && message.channel.startsWith('progress:')) {
      this._learn(message, message.cursor);
    }
  }

  private _onSnapshotNeeded(_socket: unknown, channel: string): void {
    if (channel.startsWith('progress:')) {
      this._known.forEach(known => (known.cursor = -Infinity));
      this._read();
    }
  }

  /** One request at a time; what changed meanwhile asks for one more. */
  private _read(): void {
    this._isWanted = this._path !== null;
    if (!this._isReading && this._isWanted) {
      this._isReading = true;
      void this._readAll().finally(() => (this._isReading = false));
    }
  }

  private async _readAll(): Promise<void> {
    while (this._isWanted && this._path !== null && !this._isDisposed) {
      this._isWanted = false;
      try {
        const { progress, cursor } = await this._options.fetch(this._path);
        progress.forEach(item => this._learnSnapshot(item, cursor));
      } catch {
        // The sender tells why the server is away; the next sending or hello asks again.
      }
    }
  }

  /** Only a snapshot names the class, so also one that an update has overtaken. */
  private _learnSnapshot(item: NotebookProgress, cursor: number): void {
    const { notebook_path: path, class_id: classId } = item;
    this._inSnapshots.add(servicePath(path));
    this._learn(item, cursor);
    if (classId !== null && !this._isDisposed) {
      this._options.recorder.file(path, classId);
    }
  }

  private _learn(
    news: Pick<NotebookProgress, 'notebook_path' | 'completed_cells' | 'total_cells'>,
    cursor: number
  ): void {
    const path = servicePath(news.notebook_path);
    const known = this._known.get(path);
    if (this._isDisposed || (known && known.cursor > cursor)) {
      return;
    }
    const { completed_cells: completed, total_cells: total } = news;
    this._known.set(path, { completed, total, cursor });
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _known = new Map<string, IKnown>();
  private readonly _inSnapshots = new Set<string>();
  private _path: string | null = null;
  private _sentCount = 0;
  private _isReading = false;
  private _isWanted = false;
  private _isDisposed = false;
}
