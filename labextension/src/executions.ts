/** The runs of one notebook: which of its kernel's messages are theirs. */

import type { Kernel, KernelMessage } from '@jupyterlab/services';

import type { JsonObject } from './contract';
import type { ISizes } from './outputs';
import { fitCode, type IOpenRun, Run, type RunChange } from './runs';
import type { IMoment } from './times';

/** What the runs of a notebook need to know of it, and whom they tell. */
export interface IRunHost {
  readonly path: string;
  /** False while nothing of the notebook is recorded. */
  readonly isRecorded: boolean;
  readonly sizes: ISizes;
  newId(): string;
  hasCell(cellId: string): boolean;
  /** The cell that waits for the answer to a request. */
  cellOfRequest(msgId: string): string | null;
  /** A request was sent. It becomes a run when it starts. */
  onRequested(run: IOpenRun): void;
  onStarted(run: IOpenRun): void;
  onEnded(run: Run): void;
  /** A request was no run: aborted, or lost before the kernel began with it. */
  onDropped(run: IOpenRun): void;
}

/** A request that the browser sent. */
interface IRequest {
  kernelId: string;
  clientId: string;
  code: string;
}

const NONE: ReadonlySet<string> = new Set();

/** Turns a kernel's messages into runs; each run starts and ends once. */
export class Runs {
  constructor(private _host: IRunHost) {}

  /** Those that have been sent to the kernel and are not over. */
  get open(): IOpenRun[] {
    return [...this._open.values()].map(run => run.open);
  }

  /** How many cells the kernel has begun and not finished. */
  get runningCount(): number {
    return this.open.filter(({ start }) => start !== null).length;
  }

  /** Whether the server holds output of theirs back. */
  get isFlooded(): boolean {
    return [...this._open.values()].some(run => run.isFlooded);
  }

  /** Whether a request is one of the open runs. */
  has(msgId: string): boolean {
    return this._open.has(msgId);
  }

  /** From now on, until `stopNoting`, the ids of the messages that the runs take. */
  noteHeard(): ReadonlySet<string> {
    this._noted = new Set();
    return this._noted;
  }

  stopNoting(): void {
    this._noted = null;
  }

  /** Take a message of the kernel `kernelId`. */
  take(kernelId: string, { msg, direction }: Kernel.IAnyMessageArgs): void {
    if (direction === 'send') {
      this._takeSent(kernelId, msg);
      return;
    }
    const parentId = (msg.parent_header as Partial<KernelMessage.IHeader> | null)?.msg_id;
    if (parentId === undefined || this._heard.has(msg.header.msg_id)) {
      return;
    }
    const run = this._open.get(parentId) ?? this._named(parentId, msg);
    if (run !== null) {
      this._noted?.add(msg.header.msg_id);
      this._takenCount += 1;
      this._apply(run, msg);
    }
  }

  /** Go on with runs that others have begun. Messages that they have `heard` are passed over. */
  goOn(runs: readonly Run[], heard: ReadonlySet<string> = NONE): void {
    const stillHeard = this._open.size === 0 ? NONE : this._heard;
    this._heard = new Set([...stillHeard, ...heard]);
    runs.forEach(run => this._open.set(run.open.msgId, run));
  }

  /** Nobody listens any more as the connections that asked for adopted runs. */
  expectNoReply(): void {
    for (const run of [...this._open.values()]) {
      const hadStarted = run.open.start !== null;
      this._follow(run, run.expectNoReply(), hadStarted);
    }
  }

  /** Give the open runs away. */
  release(): Run[] {
    const runs = [...this._open.values()];
    this._open.clear();
    this._unnamed.clear();
    return runs;
  }

  /** The kernel is gone, or starts anew: what was open has no end that anybody will see. */
  abandonAll(): void {
    this._unnamed.clear();
    [...this._open.values()].forEach(run => this._abandon(run));
  }

  /** The kernel starts anew: what it had begun is over, what waits is still to come. */
  abandonBegun(): void {
    [...this._open.values()]
      .filter(run => run.open.start !== null)
      .forEach(run => this._abandon(run));
  }

  /**
   * Close what a broken connection has missed the end of.
   *
   * A kernel takes the requests of its connections in turn. Where it has answered two of this one
   * and no run has moved in between, none is going on or waits.
   */
  async settle(
    kernel: Pick<Kernel.IKernelConnection, 'requestKernelInfo' | 'isDisposed'>
  ): Promise<void> {
    const before = [...this._open.values()];
    if (before.length === 0) {
      return;
    }
    try {
      // JupyterLab sends the first ahead of what waits for the connection.
      await kernel.requestKernelInfo();
      let taken: number;
      do {
        taken = this._takenCount;
        await kernel.requestKernelInfo();
      } while (taken !== this._takenCount);
    } catch {
      // No answer: the connection broke again, or the kernel went; both are told by a signal.
      return;
    }
    // A connection that is closed answers too.
    if (!kernel.isDisposed) {
      before.filter(run => this._isOpen(run)).forEach(run => this._abandon(run));
    }
  }

  private _takeSent(kernelId: string, msg: KernelMessage.IMessage): void {
    const content = msg.content as JsonObject;
    if (
      msg.header.msg_type !== 'execute_request' ||
      content['silent'] === true ||
      content['store_history'] === false ||
      !this._host.isRecorded
    ) {
      return;
    }
    const cellId = (msg.metadata as JsonObject)['cellId'];
    const code = String(content['code'] ?? '');
    const request = { kernelId, clientId: msg.header.session, code };
    if (typeof cellId === 'string' && this._host.hasCell(cellId)) {
      this._request(msg.header.msg_id, cellId, request);
    } else {
      this._unnamed.set(msg.header.msg_id, request);
    }
  }

  private _named(msgId: string, msg: KernelMessage.IMessage): Run | null {
    const unnamed = this._unnamed.get(msgId);
    if (unnamed === undefined) {
      return null;
    }
    if (msg.header.msg_type === 'execute_reply') {
      this._unnamed.delete(msgId);
    }
    const cellId = this._host.cellOfRequest(msgId);
    if (cellId === null) {
      return null;
    }
    this._unnamed.delete(msgId);
    return this._request(msgId, cellId, unnamed);
  }

  private _request(msgId: string, cellId: string, { code, ...sender }: IRequest): Run {
    const open: IOpenRun = {
      executionId: this._host.newId(),
      endEventId: this._host.newId(),
      msgId,
      ...sender,
      path: this._host.path,
      cellId,
      ...fitCode(code),
      start: null
    };
    const run = new Run(open, this._host.sizes);
    this._open.set(msgId, run);
    this._host.onRequested(open);
    return run;
  }

  private _apply(run: Run, msg: KernelMessage.IMessage): void {
    const hadStarted = run.open.start !== null;
    this._follow(run, run.take(msg), hadStarted);
  }

  private _follow(run: Run, change: RunChange, hadStarted: boolean): void {
    if (change === 'dropped') {
      this._drop(run);
      return;
    }
    if (change === 'ended') {
      this._closeEarlier(run);
    }
    if (!hadStarted && run.open.start !== null) {
      this._host.onStarted(run.open);
    }
    if (change === 'ended') {
      this._open.delete(run.open.msgId);
      this._host.onEnded(run);
    }
  }

  /** A kernel runs what one connection asks for in order. */
  private _closeEarlier(ended: Run): void {
    const startedBy = ended.open.start?.startedAt ?? null;
    for (const run of this._open.values()) {
      if (run === ended) {
        return;
      }
      if (run.isAdopted && run.askedBy === ended.askedBy) {
        this._abandon(run, startedBy);
      }
    }
  }

  private _abandon(run: Run, startedBy: IMoment | null = null): void {
    const hadStarted = run.open.start !== null;
    this._follow(run, run.close(startedBy) ? 'ended' : 'dropped', hadStarted);
  }

  private _drop(run: Run): void {
    this._open.delete(run.open.msgId);
    this._host.onDropped(run.open);
  }

  private _isOpen(run: Run): boolean {
    return this._open.get(run.open.msgId) === run;
  }

  private _open = new Map<string, Run>();
  private _heard = NONE;
  private _noted: Set<string> | null = null;
  private _takenCount = 0;
  private _unnamed = new Map<string, IRequest>();
}
