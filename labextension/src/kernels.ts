/** The signals of a notebook's kernel, as far as its runs depend on them. */

import type { Kernel } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';

import type { Runs } from './executions';

// After these a kernel that was running a cell never says how it ended.
const LOST: ReadonlySet<Kernel.Status> = new Set(['autorestarting', 'restarting', 'terminating']);

/** Whom a watch tells of its kernel. */
export interface IKernelNews {
  /** There may be no kernel any more. */
  onDead(): void;
  /** What the kernel has begun, for whomever, is over. */
  onLost(): void;
}

/** Passes one kernel's messages on to `runs`, until it is disposed. */
export class KernelWatch implements IDisposable {
  constructor(
    readonly kernel: Kernel.IKernelConnection,
    private _runs: Runs,
    private _news?: IKernelNews
  ) {
    kernel.anyMessage.connect(this._onMessage, this);
    kernel.statusChanged.connect(this._onStatus, this);
    kernel.connectionStatusChanged.connect(this._onConnection, this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this.kernel.anyMessage.disconnect(this._onMessage, this);
    this.kernel.statusChanged.disconnect(this._onStatus, this);
    this.kernel.connectionStatusChanged.disconnect(this._onConnection, this);
  }

  private _onMessage(kernel: Kernel.IKernelConnection, args: Kernel.IAnyMessageArgs): void {
    this._runs.take(kernel.id, args);
  }

  private _onStatus(kernel: Kernel.IKernelConnection, status: Kernel.Status): void {
    if (LOST.has(status)) {
      this._runs.abandonAll();
      this._news?.onLost();
    } else if (status === 'dead') {
      this._news?.onDead();
    } else if (status === 'starting') {
      // Somebody else has started it anew: only that is told.
      this._runs.abandonBegun();
      void this._runs.settle(kernel);
    }
  }

  private _onConnection(
    kernel: Kernel.IKernelConnection,
    connection: Kernel.ConnectionStatus
  ): void {
    if (connection === 'connected') {
      void this._runs.settle(kernel);
    }
  }

  private _isDisposed = false;
}
