/** The runs of one notebook: which of its kernel's messages are theirs. */

import type { Kernel, KernelMessage } from '@jupyterlab/services';

import type { JsonObject } from './contract';
import type { ISizes } from './outputs';
import { fitCode, type IOpenRun, Run } from './runs';

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

/** A request that did not say which cell it is of. */
interface IUnnamed {
  kernelId: string;
  code: string;
}

// Messages that come before it is known what an earlier page left open.
const MAX_BACKLOG = 1_000;

/** Turns a kernel's messages into runs; each run starts and ends once. */
export class Runs {
  constructor(private _host: IRunHost) {}

  /** How many cells the kernel has begun and not finished. */
  get runningCount(): number {
    return [...this._open.values()].filter(run => run.open.start !== null).length;
  }

  /** Take a message of the kernel `kernelId`. */
  take(kernelId: string, { msg, direction }: Kernel.IAnyMessageArgs): void {
    if (direction === 'send') {
      this._takeSent(kernelId, msg);
      return;
    }
    const parentId = (msg.parent_header as Partial<KernelMessage.IHeader> | null)?.msg_id;
    if (parentId === undefined) {
      return;
    }
    const run = this._open.get(parentId) ?? this._named(parentId, msg);
    if (run !== null) {
      this._apply(run, msg);
    } else if (this._backlog !== null && this._backlog.length < MAX_BACKLOG) {
      this._backlog.push(msg);
    }
  }

  /** Go on with the runs that an earlier page left open, of the kernel `kernelId` or others. */
  adopt(runs: IOpenRun[], kernelId: string | null): void {
    for (const open of runs) {
      const run = new Run(open, this._host.sizes, true);
      this._open.set(open.msgId, run);
    }
    this.abandonOthers(kernelId);
    const backlog = this._backlog ?? [];
    this._backlog = null;
    for (const msg of backlog) {
      const run = this._open.get((msg.parent_header as KernelMessage.IHeader).msg_id);
      if (run !== undefined) {
        this._apply(run, msg);
      }
    }
  }

  /** The notebook was renamed: change the open runs, and return them. */
  moveTo(path: string): IOpenRun[] {
    const runs = [...this._open.values()].map(run => run.open);
    runs.forEach(run => (run.path = path));
    return runs;
  }

  /** The kernel is gone, or starts anew: what was open has no end that anybody will see. */
  abandonAll(): void {
    this._unnamed.clear();
    [...this._open.values()].forEach(run => this._abandon(run));
  }

  /** The notebook has the kernel `kernelId` now, or none: what others ran has no end to be seen. */
  abandonOthers(kernelId: string | null): void {
    this._unnamed.forEach((of, msgId) => of.kernelId !== kernelId && this._unnamed.delete(msgId));
    [...this._open.values()]
      .filter(run => run.open.kernelId !== kernelId)
      .forEach(run => this._abandon(run));
  }

  /** The kernel starts anew: what it had begun is over, what waits is still to come. */
  abandonBegun(): void {
    [...this._open.values()]
      .filter(run => run.open.start !== null)
      .forEach(run => this._abandon(run));
  }

  /**
   * Close what a broken connection, or another page, has missed the end of.
   *
   * A kernel answers in order: when it has answered this, all that was sent before is over.
   */
  async settle(kernel: Pick<Kernel.IKernelConnection, 'requestKernelInfo'>): Promise<void> {
    const before = [...this._open.values()];
    if (before.length === 0) {
      return;
    }
    try {
      await kernel.requestKernelInfo();
    } catch {
      // No answer: the connection broke again, or the kernel went; both are told by a signal.
      return;
    }
    before.filter(run => this._isOpen(run)).forEach(run => this._abandon(run));
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
    if (typeof cellId === 'string' && this._host.hasCell(cellId)) {
      this._request(msg.header.msg_id, kernelId, cellId, code);
    } else {
      this._unnamed.set(msg.header.msg_id, { kernelId, code });
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
    return this._request(msgId, unnamed.kernelId, cellId, unnamed.code);
  }

  private _request(msgId: string, kernelId: string, cellId: string, code: string): Run {
    const open: IOpenRun = {
      executionId: this._host.newId(),
      endEventId: this._host.newId(),
      msgId,
      kernelId,
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
    const change = run.take(msg);
    if (change === 'dropped') {
      this._drop(run);
    }
    if (!hadStarted && run.open.start !== null) {
      this._host.onStarted(run.open);
    }
    if (change === 'ended') {
      this._open.delete(run.open.msgId);
      this._host.onEnded(run);
    }
  }

  private _abandon(run: Run): void {
    if (run.open.start === null) {
      this._drop(run);
      return;
    }
    this._open.delete(run.open.msgId);
    this._host.onEnded(run);
  }

  private _drop(run: Run): void {
    this._open.delete(run.open.msgId);
    this._host.onDropped(run.open);
  }

  private _isOpen(run: Run): boolean {
    return this._open.get(run.open.msgId) === run;
  }

  private _open = new Map<string, Run>();
  private _unnamed = new Map<string, IUnnamed>();
  private _backlog: KernelMessage.IMessage[] | null = [];
}
