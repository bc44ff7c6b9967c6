/** The runs of an open notebook: those of its own connection, and those that are followed. */

import type { Kernel } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';

import { type IRunHost, Runs } from './executions';
import type { FollowedRuns, IFollowed } from './following';
import { HandBack, type IHandedBack } from './handback';
import { KernelWatch } from './kernels';
import type { LeftRuns } from './leftruns';
import type { IOpenRun } from './runs';

/** The notebook. */
export interface INotebookRunsHost extends IRunHost {
  /** Keep what changed of an open run. */
  keep(run: IOpenRun): void;
  /** How the runs are to be told of when the notebook is closed. */
  asFollowed(): IFollowed;
}

/** Watches the notebook's kernel, whichever it has. */
export class NotebookRuns implements IDisposable {
  constructor(
    private _host: INotebookRunsHost,
    private _left: Pick<LeftRuns, 'follow'>
  ) {
    this._runs = new Runs(_host);
  }

  /** How many cells have begun and not ended. */
  get runningCount(): number {
    const followed = this._followed.map(({ runningCount }) => runningCount);
    return followed.reduce((sum, count) => sum + count, this._runs.runningCount);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** The notebook has this kernel now, or none. */
  setKernel(kernel: Kernel.IKernelConnection | null): void {
    if (kernel === (this._watch?.kernel ?? null)) {
      return;
    }
    this._watch?.dispose();
    this._watch = null;
    this._handOver();
    if (kernel !== null) {
      this._watch = new KernelWatch(kernel, this._runs, {
        // JupyterLab also says so where it is the server that refuses.
        onDead: () => this._handOver(),
        onLost: () => this._endFollowed(kernel.id)
      });
    }
    this._takeBack();
  }

  /** Tell of runs that an earlier page, or an earlier view, has begun. */
  attend(followed: readonly FollowedRuns[]): void {
    this._followed = [...this._followed.filter(({ isOver }) => !isOver), ...followed];
    followed.forEach(each => each.attend(this._host));
    this._takeBack();
  }

  /** Keep all that is open, as it is known now. */
  keepAll(): void {
    this._all().forEach(run => this._host.keep(run));
  }

  /** The notebook was renamed. */
  moveTo(path: string): void {
    this._followed.forEach(followed => followed.moveTo(path));
    this._all().forEach(run => (run.path = path));
    this.keepAll();
  }

  /** End all: they are not to be recorded. */
  abandonAll(): void {
    this._runs.abandonAll();
    this._followed.forEach(followed => followed.abandon());
  }

  /** The notebook is closed: others follow what is open. */
  close(): void {
    this._handOver();
    this._followed.forEach(followed => followed.leave(this._host.asFollowed()));
    this.dispose();
  }

  /** Watch no more; the next page finds what is open. */
  dispose(): void {
    this._isDisposed = true;
    this._watch?.dispose();
    this._runs.release();
    this._stopHandingBack();
  }

  /** The connection to the kernel goes: others follow what it has begun. */
  private _handOver(): void {
    this._stopHandingBack();
    const runs = this._runs.release();
    if (runs.length > 0) {
      this.attend(this._left.follow(runs, this._host.asFollowed()));
    }
  }

  private _takeBack(): void {
    const kernel = this._watch?.kernel ?? null;
    this._stopHandingBack();
    if (kernel !== null && kernel.status !== 'dead') {
      this._handingBack = this._followed
        .filter(({ isOver, kernelId }) => !isOver && kernelId === kernel.id)
        .map(followed => new HandBack(followed, kernel, back => this._goOn(kernel, back)));
    }
  }

  private _goOn(kernel: Kernel.IKernelConnection, { runs, heard, messages }: IHandedBack): void {
    for (const { open } of runs) {
      open.clientId = kernel.clientId;
      this._host.keep(open);
    }
    this._runs.goOn(runs, heard);
    messages.forEach(args => this._runs.take(kernel.id, args));
    this._runs.expectNoReply();
    // The former connection may have missed an end.
    void this._runs.settle(kernel);
  }

  private _stopHandingBack(): void {
    this._handingBack.splice(0).forEach(each => each.dispose());
  }

  private _endFollowed(kernelId: string): void {
    this._followed.filter(each => each.kernelId === kernelId).forEach(each => each.end());
  }

  private _all(): IOpenRun[] {
    return [this._runs, ...this._followed].flatMap(({ open }) => open);
  }

  private _runs: Runs;
  private _watch: KernelWatch | null = null;
  private _followed: FollowedRuns[] = [];
  private _handingBack: HandBack[] = [];
  private _isDisposed = false;
}
