/** What is given up is written down in the same transaction, and reported by events of its own. */

import { v7 as uuidv7 } from 'uuid';

import { type EventsDropped, MAX_DROPPED_RANGES } from './contract';
import {
  type ILoss,
  type IRejectedEvent,
  type IStoredEvent,
  type QueueConnection,
  storedEvent,
  type Writing
} from './database';
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
  await addCounts(writing, sum.counts);
}

/** Count losses, by reason. */
export async function addCounts(
  writing: Writing,
  byReason: ReadonlyMap<string, number>
): Promise<void> {
  const counts = writing.objectStore('counts');
  for (const [reason, count] of byReason) {
    const name = droppedName(reason);
    await counts.put(((await counts.get(name)) ?? 0) + count, name);
  }
}

/** The sums of two counts. */
export function addedUp(
  one: ReadonlyMap<string, number>,
  other: ReadonlyMap<string, number>
): Map<string, number> {
  const sums = new Map(one);
  other.forEach((count, reason) => sums.set(reason, (sums.get(reason) ?? 0) + count));
  return sums;
}

const MAX_REJECTED = 50;

/** Keep an event that was refused for good: the last few of them, and how many there were. */
export async function putRejected(writing: Writing, rejected: IRejectedEvent): Promise<void> {
  const refused = writing.objectStore('rejected');
  const counts = writing.objectStore('counts');
  await refused.add(rejected);
  await counts.put(((await counts.get('rejected')) ?? 0) + 1, 'rejected');
  const keys = await refused.getAllKeys();
  await Promise.all(keys.slice(0, -MAX_REJECTED).map(old => refused.delete(old)));
}

/** The name of a reason's count. */
export function droppedName(reason: string): string {
  return `dropped:${reason}`;
}

/** Make a loss an event that waits: from then on it is not altered any more. */
async function report(writing: Writing, loss: ILoss): Promise<void> {
  for (const value of reportsOf(loss)) {
    await writing.objectStore('events').add(value);
  }
  await writing.objectStore('losses').delete([loss.sessionId, loss.reason]);
}

/** Make events of all losses of whoever `isMine` names; whether there were any. */
export async function reportAll(
  connection: QueueConnection,
  isMine: (studentId: string) => boolean
): Promise<boolean> {
  const losses = await connection.run(db => db.getAll('losses'));
  if (!losses.some(({ studentId }) => isMine(studentId))) {
    return false;
  }
  await connection.write(['events', 'losses'], async writing => {
    for (const loss of await writing.objectStore('losses').getAll()) {
      if (isMine(loss.studentId)) {
        await report(writing, loss);
      }
    }
  });
  return true;
}

/** The events that tell of a loss. */
export function reportsOf(loss: ILoss): IStoredEvent[] {
  const reports: IStoredEvent[] = [];
  for (let first = 0; first < loss.ranges.length; first += MAX_DROPPED_RANGES) {
    const ranges = loss.ranges.slice(first, first + MAX_DROPPED_RANGES);
    reports.push(storedEvent(eventOf(loss, ranges)));
  }
  return reports;
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
