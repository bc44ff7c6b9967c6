/** One run of one cell, as its messages tell it. */

import type { KernelMessage } from '@jupyterlab/services';

import type { JsonObject, RunError } from './contract';
import { fitError } from './fitting';
import { type ISizes, OutputCollector } from './outputs';
import { clip } from './text';
import { durationMs, type IMoment, later, parseKernelTime } from './times';

/** When the kernel began to run the cell, and as which execution. */
export interface IRunStart {
  executionCount: number;
  startedAt: IMoment | null;
}

/** What is known of a run when its request is sent, and kept where a reload does not reach it. */
export interface IOpenRun {
  executionId: string;
  /** The id of the event of its end, so that an end that is sent twice is stored once. */
  endEventId: string;
  msgId: string;
  kernelId: string;
  /** The connection that sent it: the server keeps for it what comes while it is away. */
  clientId: string;
  path: string;
  cellId: string;
  code: string;
  codeIsCut: boolean;
  start: IRunStart | null;
}

/** How a run ended. `unknown`: nobody saw it. */
export interface IRunEnd {
  status: 'completed' | 'error' | 'unknown';
  endedAt: IMoment | null;
  durationMs: number | null;
  outputs: JsonObject[];
  /** What the run had put out before a reload is not among them. */
  isOutputIncomplete: boolean;
  error: RunError | null;
}

/** What a message changed: the run began, ended, or turned out to be none. */
export type RunChange = 'none' | 'started' | 'ended' | 'dropped';

// What only a cell that runs sends.
const OUTPUTS: ReadonlySet<string> = new Set(['stream', 'display_data', 'execute_result', 'error']);

// The server's notice, where a kernel puts out more than it lets through.
const HELD_BACK = /^IOPub (data|message) rate exceeded\./;

// With 128 KiB of outputs, 40 KiB of error and the ids it stays below an event's 256 KiB.
const MAX_CODE_BYTES = 64 * 1024;

/** The code as it is recorded. */
export function fitCode(code: string): { code: string; codeIsCut: boolean } {
  const clipped = clip(code, MAX_CODE_BYTES);
  return { code: clipped.text, codeIsCut: clipped.originalLength !== null };
}

/**
 * Follows one run. It has ended when both its reply and `idle` were seen, in either order.
 *
 * `isAdopted`: the connection that sent its request is gone, and something of it may have been
 * missed. Where its reply goes to nobody any more, `idle` alone ends it.
 */
export class Run {
  constructor(
    readonly open: IOpenRun,
    sizes: ISizes,
    private _isAdopted = false
  ) {
    this.askedBy = open.clientId;
    this._isJoinedLate = _isAdopted && open.start !== null;
    this._collector = new OutputCollector(sizes);
  }

  /** The connection that sent its request, whichever listens by now. */
  readonly askedBy: string;

  /** Whether the server holds some of its output back, for it puts out more than is let through. */
  get isFlooded(): boolean {
    return this._isFlooded;
  }

  get isAdopted(): boolean {
    return this._isAdopted;
  }

  /** Its connection is closed: another one goes on with it, and may miss some of it. */
  handOver(): void {
    this._isAdopted = true;
    this._isJoinedLate = this.open.start !== null;
  }

  /** Nobody listens any more as the connection that its reply goes to. */
  expectNoReply(): RunChange {
    this._isReplyAway = this._isAdopted;
    return this._change();
  }

  /**
   * It is over, whatever of it was missed. True where it has begun: what was heard of it says so,
   * or a run that was asked for after it, and has begun by `startedBy`.
   */
  close(startedBy: IMoment | null = null): boolean {
    const isOver = this._idle !== null && !this._isBusySeen;
    const hasRun = this._hasOutput || isOver || startedBy !== null;
    if (this._isAdopted && this.open.start === null && hasRun) {
      this._joinLate(startedBy);
    }
    return this.open.start !== null;
  }

  /** Take a message whose parent is this run's request. */
  take(msg: KernelMessage.IMessage): RunChange {
    const content = msg.content as JsonObject;
    if (this._isAdopted) {
      this._firstHeard ??= parseKernelTime(msg.header.date);
    }
    switch (msg.header.msg_type) {
      case 'execute_input':
        return this._takeInput(content, msg.header.date);
      case 'execute_reply':
        this._reply ??= {
          content,
          metadata: msg.metadata as JsonObject,
          at: parseKernelTime(msg.header.date)
        };
        return this._change();
      case 'status':
        return this._takeStatus(content['execution_state'], msg.header.date);
      default:
        return this._takeOutput(msg.header.msg_type, content);
    }
  }

  /** The end, as far as it was seen: by its reply, its idle or its error. */
  end(): IRunEnd {
    const startedAt = this.open.start?.startedAt ?? null;
    const isIdleSeen = this._idle !== null && !this._isFlooded;
    const isSeen = this._reply !== null || isIdleSeen || this._error !== null;
    const endedAt = later(this._reply?.at ?? null, this._idle?.at ?? null);
    const error = isSeen ? this._errorAtEnd() : null;
    const seen = error === null ? 'completed' : 'error';
    return {
      status: isSeen ? seen : 'unknown',
      endedAt,
      durationMs: startedAt && endedAt ? durationMs(startedAt, endedAt) : null,
      outputs: this._collector.outputs(),
      isOutputIncomplete: this._isJoinedLate || this._isFlooded,
      error
    };
  }

  private _takeInput(content: JsonObject, date: unknown): RunChange {
    if (this.open.start !== null) {
      return 'none';
    }
    this._begin(content['execution_count'], parseKernelTime(date));
    return 'started';
  }

  private _takeStatus(state: unknown, date: unknown): RunChange {
    this._isBusySeen ||= state === 'busy';
    if (state === 'idle') {
      this._idle ??= { at: parseKernelTime(date) };
    }
    return this._change();
  }

  private _takeOutput(type: string, content: JsonObject): RunChange {
    this._hasOutput ||= OUTPUTS.has(type);
    // It holds an error back as well, and then only the reply tells of it.
    this._isFlooded ||= content['name'] === 'stderr' && HELD_BACK.test(String(content['text']));
    if (type === 'error') {
      this._error = content;
    }
    this._collector.take(type, content);
    return 'none';
  }

  private _change(): RunChange {
    if (this._idle === null || (this._reply === null && !this._isReplyAway)) {
      return 'none';
    }
    if (this.open.start !== null) {
      return 'ended';
    }
    if (this._reply === null) {
      return this.close() ? 'ended' : 'dropped';
    }
    // Without execute_input the kernel ran nothing, unless its reply says that it did.
    const { content, metadata } = this._reply;
    if (content['status'] !== 'ok' && content['status'] !== 'error') {
      return 'dropped';
    }
    this._begin(content['execution_count'], parseKernelTime(metadata['started']));
    this._isJoinedLate = this._isAdopted;
    return 'ended';
  }

  /** It has begun while nobody listened. */
  private _joinLate(startedBy: IMoment | null): void {
    this._begin(null, this._firstHeard ?? startedBy);
    this._isJoinedLate = true;
  }

  private _begin(count: unknown, startedAt: IMoment | null): void {
    const isCount = typeof count === 'number' && Number.isInteger(count) && count >= 0;
    this.open.start = { executionCount: isCount ? count : 0, startedAt };
  }

  private _errorAtEnd(): RunError | null {
    const reply = this._reply?.content ?? {};
    if (reply['status'] === 'ok') {
      return null;
    }
    const raised = 'ename' in reply ? reply : this._error;
    if (raised !== null) {
      const { name, message, traceback } = fitError(raised);
      return { name, message, traceback };
    }
    // Some kernels call a run that was interrupted aborted.
    const isAborted = this._reply !== null;
    return isAborted ? { name: 'KeyboardInterrupt', message: '', traceback: [] } : null;
  }

  private _isJoinedLate: boolean;
  private _isReplyAway = false;
  private _isBusySeen = false;
  private _hasOutput = false;
  private _isFlooded = false;
  private _firstHeard: IMoment | null = null;
  private _collector: OutputCollector;
  private _reply: { content: JsonObject; metadata: JsonObject; at: IMoment | null } | null = null;
  private _idle: { at: IMoment | null } | null = null;
  private _error: JsonObject | null = null;
}
