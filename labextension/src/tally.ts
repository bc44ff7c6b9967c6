/** What the queue's database tells of all tabs together. */

import { sentOnDayOf } from './contact';
import type { ISendingState, Trouble } from './delivery';
import { NOT_KEPT, QUEUE_FULL } from './losses';
import type { EventQueue, IRejectedEvent } from './queue';
import type { IStanding } from './reading';

/** Read again by `refresh`. */
export class Tally {
  constructor(private readonly _queue: EventQueue) {}

  waiting = 0;
  /** Of those, the ones that are not the student's. */
  foreignCount = 0;
  sentToday = 0;
  lastContact: Date | null = null;
  rejectedCount = 0;
  lastRejection: IRejectedEvent | null = null;
  fullCount = 0;
  notKeptCount = 0;

  /**
   * Read how it stands, for a student if one is known; `now` (ms since 1970) says what today is.
   * Of a disk that cannot be read, only what the memory holds is known.
   */
  async refresh(studentId: string | null, now: number): Promise<void> {
    try {
      this._take(await this._queue.standing(studentId), now);
    } catch (error) {
      this.waiting = this._queue.memoryCount;
      if (this.waiting === 0) {
        throw error;
      }
    }
  }

  private _take({ contact, dropped, ...standing }: IStanding, now: number): void {
    this.waiting = standing.waiting;
    this.foreignCount = standing.foreignCount;
    this.sentToday = sentOnDayOf(now, contact);
    if (contact !== undefined && contact.at > (this.lastContact?.getTime() ?? -Infinity)) {
      this.lastContact = new Date(contact.at);
    }
    this.rejectedCount = standing.rejectedCount;
    this.lastRejection = standing.lastRejection;
    this.fullCount = dropped.get(QUEUE_FULL) ?? 0;
    this.notKeptCount = dropped.get(NOT_KEPT) ?? 0;
  }
}

/** What one tab's batches tell. */
export interface IBatchState {
  sentCount: number;
  foreignCount: number;
  foreignDetail: string;
}

/** What one tab knows besides. */
export interface IOwnState {
  memoryCount: number;
  trouble: Trouble | null;
  detail: string;
}

/** The state of sending. Where nothing but another student's events waits, they are refused. */
export function stateOf(tally: Tally, batches: IBatchState, own: IOwnState): ISendingState {
  const { waiting, sentToday, lastContact, rejectedCount, lastRejection } = tally;
  const { fullCount, notKeptCount } = tally;
  const foreignCount = batches.foreignCount + tally.foreignCount;
  const isForeign = foreignCount > 0 && foreignCount >= waiting;
  const trouble = own.trouble ?? (isForeign ? 'refused' : null);
  const isCalm = trouble === null || trouble === 'offline' || trouble === 'unavailable';
  const calm = waiting > 0 ? 'waiting' : 'sent';
  const counts = { sentToday, rejectedCount, lastRejection, fullCount, notKeptCount };
  return {
    waiting,
    memoryCount: own.memoryCount,
    sentCount: batches.sentCount,
    state: isCalm ? calm : trouble,
    lastContact,
    detail: own.detail || batches.foreignDetail,
    trouble,
    ...counts
  };
}
