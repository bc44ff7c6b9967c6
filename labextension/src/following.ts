/** Runs that go on without the connection to their kernel that began them. */

import type { IDisposable } from '@lumino/disposable';

import { endEvent, startEvent } from './events';
import { type IRunHost, Runs } from './executions';
import type { IListener, Listen } from './listening';
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

/** Runs of one connection, followed to their end, whether their notebook is open or not. */
export class FollowedRuns implements IRunHost, IDisposable {
  constructor(
    runs: readonly Run[],
    private _of: IFollowed,
    private _options: IFollowing
  ) {
    const { kernelId, clientId } = runs[0].open;
    this.kernelId = kernelId;
    runs.forEach(run => run.handOver());
    this._runs.goOn(runs);
    const client = { kernelId, clientId };
    this._listener = _options.listen(client, this._runs, id => this._setClient(id));
  }

  readonly kernelId: string;

  /** Whether the server holds output of theirs back. */
  get isFlooded(): boolean {
    return this._runs.isFlooded;
  }

  get isConnected(): boolean {
    return this._listener.isConnected;
  }

  /** Resolves when the kernel is listened to, or turns out to be gone. */
  get listening(): Promise<void> {
    return this._listener.listening;
  }

  get path(): string {
    return this._of.path;
  }

  get open(): IOpenRun[] {
    return this._runs.open;
  }

  get runningCount(): number {
    return this._runs.runningCount;
  }

  get isAttended(): boolean {
    return this._attendant !== null;
  }

  /** Whether all has ended and been told. */
  get isOver(): boolean {
    return this._runs.open.length === 0 && this._untold.length === 0;
  }

  get isDisposed(): boolean {
    return this._listener.isDisposed;
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

  /** Their notebook was renamed. */
  moveTo(path: string): void {
    this._of.path = path;
  }

  /** Whether a request is one of the open runs. */
  has(msgId: string): boolean {
    return this._runs.has(msgId);
  }

  /** From now on, until `stopNoting`, the ids of the messages that the runs take. */
  noteHeard(): ReadonlySet<string> {
    return this._runs.noteHeard();
  }

  stopNoting(): void {
    this._runs.stopNoting();
  }

  /** The kernel never says how they end. */
  end(): void {
    this._runs.abandonAll();
  }

  /** They are not to be recorded. */
  abandon(): void {
    this._runs.abandonAll();
    this.forgetUntold();
  }

  /** Give the open runs away. */
  release(): Run[] {
    const runs = this._runs.release();
    this._listener.dispose();
    return runs;
  }

  /** No notebook comes that knows whether they are recorded. */
  forgetUntold(): void {
    this._isAwaited = false;
    this._untold.splice(0).forEach(run => this._options.forgetRun(run.open));
  }

  /** Follow them no more; the next page finds those that are open. */
  dispose(): void {
    this.release();
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

  private _setClient(clientId: string): void {
    for (const run of this._runs.open) {
      run.clientId = clientId;
      this._options.keepRun(run, this._of.isSure);
    }
    this._runs.expectNoReply();
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
    if (this._runs.open.length === 0) {
      this._listener.dispose();
    }
  }

  private _runs = new Runs(this);
  private _listener: IListener;
  private _attendant: IAttendant | null = null;
  /** Ended, while it is not known whether they are recorded. */
  private _untold: Run[] = [];
  private _isAwaited = true;
}
