/** What is given up is written down in the same transaction, and reported by events of its own. */

import { v7 as uuidv7 } from 'uuid';

import { type EventsDropped, MAX_DROPPED_RANGES } from './contract';
import { type ILoss, storedEvent, type Writing } from './database';
import { sizeOf, withRange } from './ranges';

export const QUEUE_FULL = 'queue_full';
export const NOT_KEPT = 'not_kept';
export const REJECTED = 'rejected:';

/** Of which session an event was, and as which number; null where its body does not tell. */
export function lossOf(body: string, reason: string): ILoss | null {
  const { student_id, session_id, notebook_path, seq } = parse(body);
  return typeof student_id === 'string' &&
    typeof session_id === 'string' &&
    typeof notebook_path === 'string' &&
    Number.isInteger(seq)
    ? {
        studentId: student_id,
        sessionId: session_id,
        path: notebook_path,
        reason,
        ranges: [[seq as number, seq as number]]
      }
    : null;
}

function parse(body: string): Record<string, unknown> {
  try {
    return { ...(JSON.parse(body) as object) };
  } catch {
    return {};
  }
}

/** Losses by session and reason. */
export class LossSum {
  constructor(losses: readonly ILoss[] = []) {
    losses.forEach(loss => this.add(loss));
  }

  /** Add a loss. */
  add(loss: ILoss): void {
    const key = JSON.stringify([loss.sessionId, loss.reason]);
    const known = this._byKey.get(key);
    this._byKey.set(key, known === undefined ? loss : merged(known, loss));
  }

  get all(): ILoss[] {
    return [...this._byKey.values()];
  }

  /** How many events, by reason. */
  get counts(): Map<string, number> {
    const counts = new Map<string, number>();
    this.all.forEach(({ reason, ranges }) =>
      counts.set(reason, (counts.get(reason) ?? 0) + sizeOf(ranges))
    );
    return counts;
  }

  private readonly _byKey = new Map<string, ILoss>();
}

function merged(one: ILoss, other: ILoss): ILoss {
  const add = (ranges: ILoss['ranges'], [first, last]: [number, number]): ILoss['ranges'] =>
    withRange(ranges, first, last);
  return { ...one, path: other.path, ranges: other.ranges.reduce(add, one.ranges) };
}

/** Write losses down, with what is known of the same session and reason. Needs all three stores. */
export async function writeLosses(writing: Writing, sum: LossSum): Promise<void> {
  const losses = writing.objectStore('losses');
  for (const loss of sum.all) {
    const known = await losses.get([loss.sessionId, loss.reason]);
    const whole = known === undefined ? loss : merged(known, loss);
    await losses.put(whole);
    if (whole.ranges.length >= MAX_DROPPED_RANGES) {
      await report(writing, whole);
    }
  }
  const counts = writing.objectStore('counts');
  for (const [reason, count] of sum.counts) {
    const name = droppedName(reason);
    await counts.put(((await counts.get(name)) ?? 0) + count, name);
  }
}

/** The name of a reason's count. */
export function droppedName(reason: string): string {
  return `dropped:${reason}`;
}

/** Make a loss an event that waits: from then on it is not altered any more. */
export async function report(writing: Writing, loss: ILoss): Promise<void> {
  const events = writing.objectStore('events');
  for (let first = 0; first < loss.ranges.length; first += MAX_DROPPED_RANGES) {
    const ranges = loss.ranges.slice(first, first + MAX_DROPPED_RANGES);
    await events.add(storedEvent(eventOf(loss, ranges)));
  }
  await writing.objectStore('losses').delete([loss.sessionId, loss.reason]);
}

// A loss has to be told also where the service refused the events for their path.
const REFUSED_IN_PATHS = /[\p{Cc}\p{Cs}\\\u2028-\u202e\u2066-\u2069]/gu;
const MAX_PATH = 500;

/** The path as the service takes one: what it refuses is `_`. */
function takenPath(path: string): string {
  const clean = path.normalize('NFC').replace(/^\/+/, '').replace(REFUSED_IN_PATHS, '_');
  const parts = [...clean].slice(0, MAX_PATH).join('').split('/');
  return parts.map(part => (part === '..' ? '_' : part)).join('/') || '_';
}

function eventOf(loss: ILoss, ranges: ILoss['ranges']): EventsDropped {
  return {
    event_type: 'events_dropped',
    event_id: uuidv7(),
    student_id: loss.studentId,
    session_id: loss.sessionId,
    notebook_path: takenPath(loss.path),
    timestamp: new Date().toISOString(),
    ranges,
    count: sizeOf(ranges),
    reason: loss.reason
  };
}
