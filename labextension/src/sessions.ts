/** The events of one session: a notebook, opened in one page load. */

import type { AnyEvent, Event } from './contract';
import type { IEventSink } from './interfaces';
import { NOT_KEPT } from './losses';

/** What makes ids and tells the time. */
export interface ISource {
  /** A new UUIDv7. */
  newId(): string;
  now(): Date;
}

/** An event without what the session adds. */
export type EventFields<T extends AnyEvent = AnyEvent> = T extends AnyEvent
  ? Omit<T, Exclude<keyof Event, 'notebook_path' | 'kernel_id'> | 'event_id'> & {
      event_id?: string;
    }
  : never;

type Dated = EventFields & { event_id: string; timestamp: string };

interface IWaiting {
  event: Dated;
  settle: (isSettled: boolean) => void;
}

// A page that has never reached the service does not know whether to record: about 500 runs.
const MAX_WAITING = 1_000;

/**
 * Numbers the events of a session and hands them to the queue.
 *
 * Until it is told who the student is and whether the notebook is recorded, it keeps them.
 */
export class SessionEvents {
  constructor(
    private _sink: IEventSink,
    private _source: ISource
  ) {
    this.id = _source.newId();
  }

  readonly id: string;

  /** False once it is known that nothing is recorded. */
  get isRecorded(): boolean {
    return this._isRecorded;
  }

  /** Record for `studentId`: `opening`, where there is one, then what waited. */
  record(studentId: string, opening: EventFields | null): void {
    this._isRecorded = true;
    this._studentId = studentId;
    const waiting = this._waiting;
    this._waiting = [];
    if (opening !== null) {
      void this.add(opening);
    }
    waiting.forEach(({ event, settle }) => void this._send(event, studentId).then(settle));
    this._reportDropped(studentId);
  }

  /** Record nothing; what waited is forgotten. */
  ignore(): void {
    this._isRecorded = false;
    this._studentId = null;
    const waiting = this._waiting;
    this._waiting = [];
    waiting.forEach(({ settle }) => settle(true));
    this._dropped = 0;
  }

  /**
   * Resolves to true when the event is in the queue, or is known to be not wanted, and to false
   * when it is lost. It stays open for as long as the event is only in this page's memory.
   */
  async add(fields: EventFields): Promise<boolean> {
    if (!this._isRecorded) {
      return true;
    }
    const event = {
      ...fields,
      event_id: fields.event_id ?? this._source.newId(),
      timestamp: this._source.now().toISOString()
    };
    if (this._studentId !== null) {
      return this._send(event, this._studentId);
    }
    if (this._waiting.length < MAX_WAITING) {
      return new Promise(settle => this._waiting.push({ event, settle }));
    }
    this._dropped += 1;
    this._path = event.notebook_path;
    return false;
  }

  private _reportDropped(studentId: string): void {
    const first = this._nextSeq;
    this._nextSeq += this._dropped;
    if (this._dropped > 0) {
      const ranges: [number, number][] = [[first, this._nextSeq - 1]];
      const of = { studentId, sessionId: this.id, path: this._path };
      void this._sink.lose({ ...of, reason: NOT_KEPT, ranges });
    }
    this._dropped = 0;
  }

  private async _send(event: Dated, studentId: string): Promise<boolean> {
    const seq = this._nextSeq;
    this._nextSeq += 1;
    try {
      await this._sink.add({ ...event, student_id: studentId, session_id: this.id, seq });
      return true;
    } catch (error) {
      // The queue tells the student and reports the number, which stays this event's.
      console.warn('An event could not be kept.', error);
      return false;
    }
  }

  private _isRecorded = true;
  private _studentId: string | null = null;
  private _nextSeq = 0;
  private _waiting: IWaiting[] = [];
  private _dropped = 0;
  private _path = '';
}
