/** The rules of sending: what an answer means for each event, and when to send again. */

import type { EventResult } from './contract';
import type { ISenderState } from './interfaces';
import type { IQueuedEvent, IRejectedEvent } from './queue';
import { isSignedOut, type RequestError } from './request';

/** Why events wait. Nothing is lost in any of these. */
export type Trouble = 'offline' | 'unavailable' | 'signed_out' | 'refused' | 'no_service';

/**
 * `trouble` says why events wait; `lastRejection` is the newest of `rejectedCount`. What was given
 * up is `fullCount` (the queue was full) and `notKeptCount` (the browser could not keep it).
 */
export interface ISendingState extends ISenderState {
  trouble: Trouble | null;
  /** Those of `waiting` that this page alone has, because the disk takes none. */
  memoryCount: number;
  /** Events that were sent today, by all tabs. */
  sentToday: number;
  rejectedCount: number;
  lastRejection: IRejectedEvent | null;
  fullCount: number;
  notKeptCount: number;
}

/** The service does not know a content that an event names by its hash. */
export const CONTENT_NEEDED = 'content_needed';

/** A whole batch that was refused is `split`: sent again in halves, to find the one at fault. */
export type Failure = Trouble | 'split';

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
const SLOW_WAIT_MS = 60_000;
const LONGEST_RETRY_AFTER_MS = 600_000;

/** What a failed request means. */
export function failureOf(error: RequestError): Failure {
  const { status, code } = error;
  if (status === 0) {
    return 'offline';
  }
  if (status === 404 || code === 'no_service') {
    return 'no_service';
  }
  if (isSignedOut(error)) {
    return 'signed_out';
  }
  if (status === 403) {
    return 'refused';
  }
  return [400, 413, 500].includes(status) ? 'split' : 'unavailable';
}

/**
 * What the answers to a batch ask for. `again`: sent again at once, with what the service misses;
 * `keep`: sent again later; `foreign`: another student's.
 */
export interface ISettlement {
  remove: number[];
  reject: { key: number; rejected: IRejectedEvent }[];
  again: number[];
  keep: number[];
  foreign: number[];
  detail: string;
}

/**
 * Each event's fate by its own result. One whose result names another event, or none that is
 * known, is kept: only a clear word deletes.
 */
export function settle(
  batch: readonly IQueuedEvent[],
  results: readonly EventResult[],
  now: number
): ISettlement {
  const lists = { remove: [], reject: [], again: [], keep: [], foreign: [] };
  const settlement: ISettlement = { ...lists, detail: '' };
  batch.forEach((event, index) => {
    const result = results[index];
    if (result.event_id !== event.eventId && result.event_id !== null) {
      settlement.keep.push(event.key);
    } else if (result.status === 'stored' || result.status === 'duplicate') {
      settlement.remove.push(event.key);
    } else if (result.status === 'retry' && result.code === CONTENT_NEEDED) {
      settlement.again.push(event.key);
    } else if (result.status !== 'rejected') {
      settlement.keep.push(event.key);
    } else if (result.code === 'wrong_student') {
      settlement.foreign.push(event.key);
      settlement.detail = result.detail ?? '';
    } else {
      settlement.reject.push({ key: event.key, rejected: rejectedOf(event, result, now) });
    }
  });
  return settlement;
}

/** An event that is refused for good, with the reason. */
export function rejectedOf(
  event: IQueuedEvent,
  reason: { code?: string; detail?: string; field?: string },
  now: number
): IRejectedEvent {
  return {
    eventId: event.eventId,
    code: reason.code ?? 'invalid',
    detail: reason.detail ?? '',
    field: reason.field ?? null,
    rejectedAt: new Date(now).toISOString(),
    body: event.body
  };
}

/**
 * The wait after the `failures`-th failure in a row, in ms: 1, 2, 4 … 60 s, one minute where only
 * a person can help, never less than the server asked for; up to half of it is random, so that a
 * whole class does not come back in the same moment.
 */
export function waitAfter(
  failure: Failure,
  failures: number,
  retryAfterMs: number | null,
  random: () => number
): number {
  const asked = Math.min(retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS);
  const slow = failure === 'signed_out' || failure === 'refused' || failure === 'no_service';
  const own = slow
    ? SLOW_WAIT_MS
    : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 16));
  return asked > own * 0.5 ? asked * (1 + random() / 2) : own * (0.5 + random() / 2);
}

/** When to send next, in ms of the clock's even pace. */
export class Schedule {
  /** `intervalMs` lies between the starts of two requests, so that events gather in batches. */
  constructor(public intervalMs: number) {}

  get nextAt(): number {
    return this._nextAt;
  }

  get retryAt(): number {
    return this._retryAt;
  }

  /**
   * Something waits: after a pause it goes at once, else with its batch, never before a retry.
   * Where more is known to follow, a pause is over too, and a batch begins.
   */
  ask(now: number, isMoreToCome = false): void {
    const from = isMoreToCome ? Math.max(now, this._startedAt) : this._startedAt;
    const at = Math.max(now, from + this.intervalMs, this._retryAt);
    this._nextAt = Math.min(this._nextAt, at);
  }

  /** Somebody asks, or the network is back: now. */
  askNow(now: number): void {
    this._retryAt = -Infinity;
    this._nextAt = now;
  }

  /** Look again in `ms` at the latest, e.g. for what a closed tab left. */
  lookIn(now: number, ms: number): void {
    this._nextAt = Math.min(this._nextAt, Math.max(now + ms, this._retryAt));
  }

  /** A request starts. */
  start(now: number): void {
    this._startedAt = now;
    this._nextAt = Infinity;
  }

  /** The server answered. */
  succeed(): void {
    this._failures = 0;
    this._retryAt = -Infinity;
  }

  /** The server did not answer as it should. */
  fail(now: number, failure: Failure, retryAfterMs: number | null, random: () => number): void {
    this._failures += 1;
    this.retryNotBefore(now + waitAfter(failure, this._failures, retryAfterMs, random));
  }

  /** Wait, also because another tab has failed. */
  retryNotBefore(at: number): void {
    this._retryAt = at;
    this._nextAt = at;
  }

  private _startedAt = -Infinity;
  private _nextAt = -Infinity;
  private _retryAt = -Infinity;
  private _failures = 0;
}
