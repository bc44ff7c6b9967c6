import type { CellExecutionComplete, CellExecutionStart, EventResult } from '../../src/contract';
import type { IStoredRun } from '../../src/database';
import type { EventQueue, IQueuedEvent } from '../../src/queue';
import { RequestError } from '../../src/request';
import type { ITransport, IUnsent } from '../../src/transport';

/** An event of student-01, the same in all but its id. */
export function makeEvent(id: number | string, code = '1 + 1'): CellExecutionStart {
  return {
    event_type: 'cell_execution_start',
    event_id: `event-${id}`,
    student_id: 'student-01',
    session_id: 'session-1',
    seq: typeof id === 'number' ? id : 0,
    notebook_path: 'a.ipynb',
    cell_id: 'cell-1',
    execution_id: `run-${id}`,
    execution_count: 1,
    code,
    timestamp: '2026-04-01T09:00:00.000Z'
  };
}

/** The end of a run of student-01. */
export function makeEnd(id: number, runId: string): CellExecutionComplete {
  const event_type = 'cell_execution_complete';
  return { ...makeEvent(id), event_type, execution_id: runId, success: true };
}

/** A run that was requested, of page-1. */
export function openRun(executionId: string): IStoredRun {
  return {
    executionId,
    endEventId: `${executionId}-end`,
    msgId: executionId,
    kernelId: 'kernel-1',
    clientId: 'client-1',
    path: 'a.ipynb',
    cellId: 'cell-1',
    code: 'x',
    codeIsCut: false,
    start: null,
    page: 'page-1',
    isSure: true
  };
}

/** A server: remembers each batch, and answers as `answer` says. */
export class FakeTransport implements ITransport {
  readonly maxBytes = 1_000_000;
  /** The ids of each batch. */
  batches: string[][] = [];
  last: string[] = [];
  answer: (events: readonly IQueuedEvent[]) => EventResult[] | Promise<EventResult[]> = stored;

  async post(events: readonly IQueuedEvent[]): Promise<EventResult[]> {
    this.batches.push(events.map(({ eventId }) => eventId));
    return this.answer(events);
  }

  postLast(events: readonly IUnsent[]): void {
    this.last = events.map(({ eventId }) => eventId);
  }
}

/** How many events wait in a queue. */
export async function waitingIn(queue: EventQueue): Promise<number> {
  return (await queue.standing()).waiting;
}

/** All are stored. */
export function stored(events: readonly IQueuedEvent[]): EventResult[] {
  return events.map(({ eventId }) => ({ event_id: eventId, status: 'stored' }));
}

/** An answer that refuses the whole batch. */
export function refuse(status: number, code: string, retryAfterMs: number | null = null) {
  return (): EventResult[] => {
    throw new RequestError(status, code, 'a reason', retryAfterMs);
  };
}

/** The channel of tabs that hear each other at once. */
export class FakeChannels {
  join(): Pick<BroadcastChannel, 'postMessage' | 'onmessage' | 'close'> {
    const tab: Pick<BroadcastChannel, 'postMessage' | 'onmessage' | 'close'> = {
      onmessage: null,
      postMessage: data =>
        this._tabs
          .filter(other => other !== tab)
          .forEach(other =>
            other.onmessage?.call(other as BroadcastChannel, { data } as MessageEvent)
          ),
      close: () => (this._tabs = this._tabs.filter(other => other !== tab))
    };
    this._tabs.push(tab);
    return tab;
  }

  private _tabs: Pick<BroadcastChannel, 'postMessage' | 'onmessage' | 'close'>[] = [];
}
