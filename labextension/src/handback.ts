/** Gives followed runs back to the connection of their notebook. */

import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';

import type { FollowedRuns } from './following';
import type { Run } from './runs';

// A connection hears its kernel some milliseconds after it is made, and a message reaches the two of
// them some milliseconds apart. That much later nothing from before is under way.
const APART_MS = 500;

/** `messages`: what came of late on the notebook's connection; `heard`: what the runs have had. */
export interface IHandedBack {
  runs: Run[];
  heard: ReadonlySet<string>;
  messages: Kernel.IAnyMessageArgs[];
}

/**
 * For a while both connections listen, so that no message is missed; then one of them goes.
 *
 * Two connections of one page would compete for what the server keeps when the page goes.
 */
export class HandBack implements IDisposable {
  constructor(
    readonly followed: FollowedRuns,
    readonly kernel: Kernel.IKernelConnection,
    private _onDone: (back: IHandedBack) => void
  ) {
    kernel.connectionStatusChanged.connect(this._begin, this);
    this._begin();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this._stop();
    this.kernel.connectionStatusChanged.disconnect(this._begin, this);
  }

  private _begin(): void {
    this._stop();
    if (this.kernel.connectionStatus === 'connected') {
      this._heard = this.followed.noteHeard();
      this._timer = setTimeout(() => this._collect(), APART_MS);
    }
  }

  private _collect(): void {
    this.kernel.anyMessage.connect(this._onMessage, this);
    this._timer = setTimeout(() => this._end(), APART_MS);
  }

  private _stop(): void {
    clearTimeout(this._timer);
    this.kernel.anyMessage.disconnect(this._onMessage, this);
    this._messages = [];
  }

  private _onMessage(_: Kernel.IKernelConnection, args: Kernel.IAnyMessageArgs): void {
    const parent = (args.msg.parent_header as Partial<KernelMessage.IHeader> | null)?.msg_id;
    if (args.direction === 'recv' && parent !== undefined && this.followed.has(parent)) {
      this._messages.push(args);
    }
  }

  private _end(): void {
    const [messages, heard] = [this._messages, this._heard];
    this.dispose();
    this._onDone({ runs: this.followed.release(), heard, messages });
  }

  private _heard: ReadonlySet<string> = new Set();
  private _messages: Kernel.IAnyMessageArgs[] = [];
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _isDisposed = false;
}
