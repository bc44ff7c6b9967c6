/** The queue's bounds: what waits, and what a full queue gives up. */

import {
  type IStoredEvent,
  type QueueDatabase,
  Rank,
  type StoreName,
  type Writing
} from './database';
import { lossOf, type LossSum, QUEUE_FULL } from './losses';

/** How many events, and their UTF-8 bytes. */
export interface ILoad {
  count: number;
  bytes: number;
}

/** What is too much: not above zero where there is room. */
export function excess(load: ILoad, limits: ILoad): ILoad {
  return { count: load.count - limits.count, bytes: load.bytes - limits.bytes };
}

/** Whether there is room. */
export function fits({ count, bytes }: ILoad): boolean {
  return count <= 0 && bytes <= 0;
}

type Events = ReturnType<typeof eventsOf>;

function eventsOf(writing: Writing) {
  return writing.objectStore('events');
}

// Sizes that differ by less count as one: to walk through 20,000 events takes seconds.
const STEP = 1.1;
const STEPS = Array.from({ length: 150 }, (_, step) => STEP ** step);

/** What waits; the bytes of more than `maxExact` events within 5 %. It reads no event. */
export async function measure(db: QueueDatabase, maxExact = 500): Promise<ILoad> {
  const { store } = db.transaction('events');
  const count = await store.count();
  const index = store.index('bytes');
  let bytes = 0;
  if (count <= maxExact) {
    for (let cursor = await index.openKeyCursor(); cursor; cursor = await cursor.continue()) {
      bytes += cursor.key;
    }
    return { count, bytes };
  }
  const ranges = STEPS.map(from => IDBKeyRange.bound(from, from * STEP, false, true));
  const counts = await Promise.all(ranges.map(range => index.count(range)));
  counts.forEach((found, at) => (bytes += found * STEPS[at] * Math.sqrt(STEP)));
  return { count, bytes: Math.round(bytes) };
}

/** What may go, in which order: by rank where `rank` is given, else the oldest first. */
interface IPass {
  rank: number | null;
  mayGo: (events: Events, event: IStoredEvent) => Promise<boolean>;
}

// Few runs are open at a time: so many starts without their ends are no sign of more to come.
const MAX_KEPT = 50;
// The end of a run says all that its start does.
const LOW_VALUE: readonly IPass[] = [
  { rank: Rank.activity, mayGo: async () => true },
  {
    rank: Rank.start,
    mayGo: async (events, { body }) => {
      const { execution_id: runId } = JSON.parse(body) as { execution_id: string };
      return (await events.index('endOf').getKey(runId)) !== undefined;
    }
  }
];
const ANY: IPass = { rank: null, mayGo: async (_, { rank }) => rank < Rank.report };

/** What to free, what not to touch, and how far to go. */
export interface IRoomOrder {
  over: ILoad;
  spare: Pick<ReadonlySet<number>, 'has' | 'size'>;
  isLowValueOnly: boolean;
}

/**
 * Delete events of little value, then, if that is not enough and is asked for, the oldest ones,
 * until no more is `over`. Adds them to `sum`, which the caller writes in the same transaction.
 * Returns what is freed.
 */
export async function giveUp(writing: Writing, order: IRoomOrder, sum: LossSum): Promise<ILoad> {
  const freed = { count: 0, bytes: 0 };
  for (const pass of order.isLowValueOnly ? LOW_VALUE : [...LOW_VALUE, ANY]) {
    await giveUpIn(eventsOf(writing), pass, order, sum, freed);
  }
  return freed;
}

async function giveUpIn(
  events: Events,
  { rank, mayGo }: IPass,
  { over, spare }: IRoomOrder,
  sum: LossSum,
  freed: ILoad
): Promise<void> {
  let cursor =
    rank === null ? await events.openCursor() : await events.index('rank').openCursor(rank);
  let left = rank === null ? Infinity : MAX_KEPT + spare.size;
  while (cursor && left > 0 && !fits(excess(over, freed))) {
    const event = cursor.value;
    // What cannot be reported is not given up.
    const loss = spare.has(cursor.primaryKey) ? null : lossOf(event.body, QUEUE_FULL);
    if (loss !== null && (await mayGo(events, event))) {
      await cursor.delete();
      sum.add(loss);
      freed.count += 1;
      freed.bytes += event.bytes;
    } else {
      left -= 1;
    }
    cursor = await cursor.continue();
  }
}

/** The stores that giving up writes to. */
export const ROOM_STORES: StoreName[] = ['events', 'losses', 'counts'];
