/** Gives followed runs back to the connection of their notebook. */

import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';

import type { FollowedRuns } from './following';
import type { Run } from './runs';

// A connection hears its kernel some milliseconds after it is made, and a message reaches the two of
// them some milliseconds apart. That much later nothing from before is under way.
const APART_MS = 500;
// What was kept for the former connection has come by then, however slow the network; and by then,
// where this one has heard what the former has not.
const QUIET_TICKS = 6;
const BEHIND_TICKS = 20;
// Two connections in step never have so many messages to compare.
const MAX_MESSAGES = 5_000;

/** `messages`: what came of late on the notebook's connection; `heard`: what the runs have had. */
export interface IHandedBack {
  runs: Run[];
  heard: ReadonlySet<string>;
  messages: Kernel.IAnyMessageArgs[];
}

/**
 * Both connections listen until they are abreast, so that no message is missed; then one goes.
 *
 * Two connections of one page would compete for what the server keeps when the page goes.
 */
export class HandBack implements IDisposable {
  constructor(
    readonly followed: FollowedRuns,
    readonly kernel: Kernel.IKernelConnection,
    private _onDone: (back: IHandedBack) => void
  ) {
    this._heard = followed.noteHeard();
    kernel.connectionStatusChanged.connect(this._onConnection, this);
    this._timer = setInterval(() => this._tick(), APART_MS);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    clearInterval(this._timer);
    this.followed.stopNoting();
    this.kernel.anyMessage.disconnect(this._onMessage, this);
    this.kernel.connectionStatusChanged.disconnect(this._onConnection, this);
  }

  private _onConnection(_: object, status: Kernel.ConnectionStatus): void {
    if (status === 'connected') {
      this._collect();
    }
  }

  private _tick(): void {
    if (this.kernel.connectionStatus !== 'connected') {
      return;
    }
    // The former connection alone gets the reply, and of each the server holds other output back.
    if (this.followed.isFlooded || this._heard.size + this._messages.length > MAX_MESSAGES) {
      this._startOver();
      return;
    }
    this._collect();
    if (this._isAbreast()) {
      const [messages, heard] = [this._messages, this._heard];
      this.dispose();
      this._onDone({ runs: this.followed.release(), heard, messages });
    }
  }

  private _collect(): void {
    this.kernel.anyMessage.connect(this._onMessage, this);
  }

  private _startOver(): void {
    this.kernel.anyMessage.disconnect(this._onMessage, this);
    this._heard = this.followed.noteHeard();
    [this._messages, this._mark, this._quietTicks] = [[], undefined, 0];
  }

  private _onMessage(_: Kernel.IKernelConnection, args: Kernel.IAnyMessageArgs): void {
    const parentId = parentOf(args);
    if (args.direction === 'recv' && parentId !== undefined && this.followed.has(parentId)) {
      this._messages.push(args);
    }
  }

  /** Whether the former connection has had what this one had a while ago, or has nothing to say. */
  private _isAbreast(): boolean {
    const mark = this._mark;
    this._mark = this._messages.at(-1);
    if (this.followed.isConnected && mark !== undefined && this._hasHad(mark)) {
      return true;
    }
    const size = this._heard.size + this._messages.length;
    this._quietTicks = size === this._lastSize ? this._quietTicks + 1 : 0;
    this._lastSize = size;
    const isBehind = this.followed.isConnected && this._mark !== undefined;
    return this._quietTicks >= (isBehind ? BEHIND_TICKS : QUIET_TICKS);
  }

  private _hasHad(args: Kernel.IAnyMessageArgs): boolean {
    const isOver = !this.followed.has(parentOf(args) ?? '');
    return isOver || this._heard.has(args.msg.header.msg_id);
  }

  private _heard: ReadonlySet<string>;
  private _messages: Kernel.IAnyMessageArgs[] = [];
  private _mark: Kernel.IAnyMessageArgs | undefined;
  private _quietTicks = 0;
  private _lastSize = 0;
  private _timer: ReturnType<typeof setInterval>;
  private _isDisposed = false;
}

function parentOf({ msg }: Kernel.IAnyMessageArgs): string | undefined {
  return (msg.parent_header as Partial<KernelMessage.IHeader> | null)?.msg_id;
}
