/** What the queue's database tells of all tabs together. */

import { sentOnDayOf } from './contact';
import type { ISendingState, Trouble } from './delivery';
import { NOT_KEPT, QUEUE_FULL } from './losses';
import type { EventQueue, IRejectedEvent } from './queue';

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
   * Read what waits, for a student if one is known, and where `now` (ms since 1970) says what
   * today is, all else too. Of a disk that cannot be read, only what the memory holds is known.
   */
  async refresh(studentId: string | null, now: number | null): Promise<void> {
    try {
      await this._count(studentId);
      if (now !== null) {
        await this._read(now);
      }
    } catch (error) {
      this.waiting = this._queue.memoryCount;
      if (this.waiting === 0) {
        throw error;
      }
    }
  }

  private async _count(studentId: string | null): Promise<void> {
    const waiting = await this._queue.count();
    const isAsked = waiting > 0 && studentId !== null;
    this.foreignCount = isAsked ? await this._queue.countForeign(studentId) : 0;
    this.waiting = waiting;
  }

  private async _read(now: number): Promise<void> {
    const [contact, rejected, dropped] = await Promise.all([
      this._queue.contact(),
      this._queue.rejected(),
      this._queue.dropped()
    ]);
    this.sentToday = sentOnDayOf(now, contact);
    if (contact !== undefined && contact.at > (this.lastContact?.getTime() ?? -Infinity)) {
      this.lastContact = new Date(contact.at);
    }
    this.rejectedCount = rejected.count;
    this.lastRejection = rejected.events.at(-1) ?? null;
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
