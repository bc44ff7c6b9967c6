/** Runs that go on without the connection to their kernel that began them. */

import type { Kernel } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';

import { endEvent, startEvent } from './events';
import { type IRunHost, Runs } from './executions';
import { KernelWatch } from './kernels';
import type { Listen } from './listening';
import type { ISizes } from './outputs';
import type { IOpenRun, Run } from './runs';
import type { SessionEvents } from './sessions';

/** What following runs takes. */
export interface IFollowing {
  listen: Listen;
  sizes: () => ISizes;
  newId(): string;
  /** Keep an open run through a reload. `isSure`: its notebook is known to be recorded. */
  keepRun(run: IOpenRun, isSure: boolean): void;
  forgetRun(run: IOpenRun): void;
}

/** Whom the runs belong to. `events`: the session that tells of them while no notebook does. */
export interface IFollowed {
  path: string;
  isSure: boolean;
  events: SessionEvents;
}

/** An open notebook that tells of its runs itself. */
export type IAttendant = Pick<IRunHost, 'onStarted' | 'onEnded'>;

/**
 * Runs of one connection, followed to their end, whether their notebook is open or not.
 *
 * It connects as the client that sent the requests: for that one the server keeps what the kernel
 * says while nobody is connected.
 */
export class FollowedRuns implements IRunHost, IDisposable {
  constructor(
    runs: readonly Run[],
    private _of: IFollowed,
    private _options: IFollowing
  ) {
    const { kernelId, clientId } = runs[0].open;
    runs.forEach(run => run.handOver());
    this._runs.goOn(runs);
    this._kernel = _options.listen(kernelId, clientId);
    this._watch = new KernelWatch(this._kernel, this._runs);
    this.connected = new Promise(resolve => {
      this._kernel.connectionStatusChanged.connect((_, status) => {
        if (status !== 'connecting') {
          resolve();
        }
      });
      this._kernel.disposed.connect(() => resolve());
    });
  }

  /** Resolves when the kernel is listened to, or turns out to be gone. */
  readonly connected: Promise<void>;

  get path(): string {
    return this._of.path;
  }

  get runningCount(): number {
    return this._runs.runningCount;
  }

  get isAttended(): boolean {
    return this._attendant !== null;
  }

  /** Whether all has ended and been told. */
  get isOver(): boolean {
    return !this._runs.isAnyOpen && this._untold.length === 0;
  }

  get isDisposed(): boolean {
    return this._watch.isDisposed;
  }

  get isRecorded(): boolean {
    return true;
  }

  get sizes(): ISizes {
    return this._options.sizes();
  }

  /** From now on their notebook tells of them, also of what has ended untold. */
  attend(notebook: IAttendant): void {
    this._attendant = notebook;
    this._untold.splice(0).forEach(run => notebook.onEnded(run));
  }

  /** Their notebook was closed. */
  leave(of: IFollowed): void {
    this._attendant = null;
    this._of = of;
  }

  /** Their notebook was renamed: change the open runs, and return them. */
  moveTo(path: string): IOpenRun[] {
    this._of.path = path;
    return this._runs.moveTo(path);
  }

  /** They are not to be recorded: end them untold. */
  abandon(): void {
    this._runs.abandonAll();
    this.forgetUntold();
  }

  /** No notebook comes that knows whether they are recorded. */
  forgetUntold(): void {
    this._isAwaited = false;
    this._untold.splice(0).forEach(run => this._options.forgetRun(run.open));
  }

  /** Follow them no more; the next page finds those that are open. */
  dispose(): void {
    this._watch.dispose();
    this._kernel.dispose();
  }

  newId(): string {
    return this._options.newId();
  }

  hasCell(): boolean {
    return false;
  }

  cellOfRequest(): null {
    return null;
  }

  onRequested(): void {
    // Nothing is sent by this connection that is a run.
  }

  onStarted(run: IOpenRun): void {
    if (this._attendant !== null) {
      this._attendant.onStarted(run);
      return;
    }
    this._options.keepRun(run, this._of.isSure);
    if (this._of.isSure) {
      void this._of.events.add(startEvent(run, this.path));
    }
  }

  onEnded(run: Run): void {
    if (this._attendant !== null) {
      this._attendant.onEnded(run);
    } else if (this._of.isSure) {
      this._tellEnd(run);
    } else if (this._isAwaited) {
      this._untold.push(run);
    } else {
      this._options.forgetRun(run.open);
    }
    this._disposeAtEnd();
  }

  onDropped(run: IOpenRun): void {
    this._options.forgetRun(run);
    this._disposeAtEnd();
  }

  private _tellEnd(run: Run): void {
    void this._of.events.add(endEvent(run.open, run.end(), this.path)).then(isSettled => {
      // Where the end is lost with the page, the next page closes the run.
      if (isSettled) {
        this._options.forgetRun(run.open);
      }
    });
  }

  private _disposeAtEnd(): void {
    if (!this._runs.isAnyOpen) {
      this.dispose();
    }
  }

  private _runs = new Runs(this);
  private _kernel: Kernel.IKernelConnection;
  private _watch: KernelWatch;
  private _attendant: IAttendant | null = null;
  /** Ended, while it is not known whether they are recorded. */
  private _untold: Run[] = [];
  private _isAwaited = true;
}
