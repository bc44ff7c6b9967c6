/** What stands in for recording in another person's server, where nothing is recorded. */

import { PageConfig } from '@jupyterlab/coreutils';
import type { INotebookTracker } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';

import type { ISendingState } from './delivery';
import type { IRecorder, IRecording, ISender } from './interfaces';
import type { IWritten } from './journal';
import type { IQueueContents } from './saving';
import type { UpdateMessage } from './socket';
import type { IUiOptions } from './ui';

const STATE: ISendingState = {
  waiting: 0,
  memoryCount: 0,
  sentCount: 0,
  state: 'elsewhere',
  lastContact: null,
  detail: '',
  trouble: null,
  sentToday: 0,
  rejectedCount: 0,
  lastRejection: null,
  fullCount: 0,
  notKeptCount: 0
};

/** Whether the Hub says that this server belongs to somebody else than the person who looks. */
export function isElsewhere(): boolean {
  const owner = PageConfig.getOption('hubServerUser');
  return owner !== '' && owner !== PageConfig.getOption('hubUser');
}

/** Tells of the notebook in front that it is not recorded. */
class NoRecorder implements IRecorder {
  constructor(private readonly _tracker: INotebookTracker) {
    _tracker.currentChanged.connect(this._emitChanged, this);
  }

  readonly changed = new Signal<this, void>(this);

  get current(): IRecording | null {
    const path = this._tracker.currentWidget?.context.localPath;
    return path === undefined
      ? null
      : { path, sessionId: '', classId: null, reason: 'none', classes: [], runningCells: 0 };
  }

  async choose(): Promise<void> {
    // No class is offered here.
  }

  file(): void {
    // The service is not asked.
  }

  setMe(): void {
    // Nobody is asked who the student is.
  }

  dispose(): void {
    this._tracker.currentChanged.disconnect(this._emitChanged, this);
    Signal.clearData(this);
  }

  private _emitChanged(): void {
    this.changed.emit();
  }
}

/** Has nothing to send, and no server to send it to. */
class NoSender implements ISender {
  readonly state = STATE;
  readonly changed = new Signal<this, void>(this);
  readonly failed = new Signal<this, Error>(this);
  readonly added = new Signal<this, IWritten>(this);

  async flush(): Promise<void> {
    // Nothing waits.
  }

  async contents(): Promise<IQueueContents> {
    return { bodies: [], rejected: [], losses: [], dropped: new Map() };
  }

  dispose(): void {
    Signal.clearData(this);
  }
}

/** Hears of nothing: the channels of this server are its owner's. */
class NoSocket {
  readonly message = new Signal<this, UpdateMessage>(this);
  readonly snapshotNeeded = new Signal<this, string>(this);
  readonly isConnected = false;
}

/** Keeps nothing, so nothing can vanish. */
class NoStorage {
  readonly state = { isPersisted: false, mayVanish: false };
  readonly changed = new Signal<this, void>(this);
}

/** What the sidebar shows there; it opens no database and asks no server. */
export function partsElsewhere(
  tracker: INotebookTracker
): Pick<IUiOptions, 'recorder' | 'queue' | 'sender' | 'socket' | 'storage'> {
  const sender = new NoSender();
  const [socket, storage] = [new NoSocket(), new NoStorage()];
  return { recorder: new NoRecorder(tracker), queue: sender, sender, socket, storage };
}
