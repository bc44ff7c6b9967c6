/** The queue's database: its stores, and what each holds. */

import {
  type DBSchema,
  type IDBPDatabase,
  type IDBPObjectStore,
  type IDBPTransaction,
  openDB
} from 'idb';

import { betweenTabs, Connection, isFull, type OnBlocked, openNewest } from './connection';
import type { AnyEvent, EventsDropped } from './contract';
import { STRICT } from './groups';
import type { IOpenRun } from './runs';
import { utf8Length } from './wire/utf8';

const VERSION = 3;

/** An event as it waits. `key` is its place in the order; `bytes` is the UTF-8 size of `body`. */
export interface IQueuedEvent {
  key: number;
  eventId: string;
  body: string;
  bytes: number;
}

/** What a full queue gives up first, and what last. A report of what was given up stays. */
export const Rank = { activity: 0, start: 1, other: 2, report: 3 } as const;

/** An event as the database holds it. `endOf` names the run that it is the end of. */
export interface IStoredEvent extends Omit<IQueuedEvent, 'key'> {
  studentId: string;
  rank: number;
  endOf?: string;
}

/** An open run, and the page that watches it. */
export interface IStoredRun extends IOpenRun {
  page: string;
  /** Whether it was known, when it was sent, that the notebook is recorded. */
  isSure: boolean;
}

/** An event that the service will never take, and why. */
export interface IRejectedEvent {
  eventId: string;
  code: string;
  detail: string;
  field: string | null;
  rejectedAt: string;
  body: string;
}

/** Events of one session that are given up for one reason, and not reported yet. */
export interface ILoss {
  studentId: string;
  sessionId: string;
  path: string;
  reason: string;
  /** First and last `seq` of each run of them, in order. */
  ranges: [number, number][];
}

/** The last exchange with the service: when (ms since 1970), and what was sent on its `day`. */
export interface IContact {
  at: number;
  day: string;
  sentOnDay: number;
}

export interface IQueueSchema extends DBSchema {
  events: {
    key: number;
    value: IStoredEvent;
    indexes: { rank: number; endOf: string; studentId: string; bytes: number };
  };
  rejected: { key: number; value: IRejectedEvent };
  /** `rejected`, and `dropped:` with a reason: how many ever. `persistAskedAt`: ms since 1970. */
  counts: { key: string; value: number };
  losses: { key: [string, string]; value: ILoss };
  contact: { key: 'last'; value: IContact };
  leases: { key: string; value: { owner: string; until: number } };
  runs: { key: string; value: IStoredRun };
}

export type StoreName = 'events' | 'rejected' | 'counts' | 'losses' | 'contact' | 'leases' | 'runs';
export type QueueDatabase = IDBPDatabase<IQueueSchema>;
export type Writing = IDBPTransaction<IQueueSchema, StoreName[], 'readwrite'>;

async function open(name: string, version?: number, onBlocked?: OnBlocked): Promise<QueueDatabase> {
  return openDB<IQueueSchema>(name, version, {
    upgrade: async (db, oldVersion, _new, transaction) => {
      if (oldVersion < 1) {
        await beginAnywhere(db.createObjectStore('events', { autoIncrement: true }));
        db.createObjectStore('rejected', { autoIncrement: true });
        db.createObjectStore('counts');
        db.createObjectStore('leases');
      }
      if (oldVersion < 2) {
        db.createObjectStore('losses', { keyPath: ['sessionId', 'reason'] });
        db.createObjectStore('contact');
        await indexEvents(transaction);
      }
      db.createObjectStore('runs', { keyPath: 'executionId' });
    },
    ...betweenTabs<IQueueSchema>(onBlocked)
  });
}

/**
 * Let the keys begin at a random number: where a browser has cleared its data under a page, an
 * answer to what was sent before names none of the new events.
 */
async function beginAnywhere(
  events: IDBPObjectStore<IQueueSchema, StoreName[], 'events', 'versionchange'>
): Promise<void> {
  const first = Math.floor(Math.random() * 2 ** 40);
  await events.add({} as IStoredEvent, first);
  await events.delete(first);
}

async function indexEvents(
  transaction: IDBPTransaction<IQueueSchema, StoreName[], 'versionchange'>
): Promise<void> {
  const events = transaction.objectStore('events');
  (['rank', 'endOf', 'studentId', 'bytes'] as const).forEach(field =>
    events.createIndex(field, field)
  );
  for (let cursor = await events.openCursor(); cursor; cursor = await cursor.continue()) {
    await cursor.update(storedEvent(JSON.parse(cursor.value.body), cursor.value.body));
  }
}

/** An event as it is kept; `body` is its JSON text. */
export function storedEvent(
  event: AnyEvent | EventsDropped,
  body = JSON.stringify(event)
): IStoredEvent {
  const isEnd = ENDS.has(event.event_type) && 'execution_id' in event;
  return {
    eventId: event.event_id,
    studentId: event.student_id,
    body,
    bytes: utf8Length(body),
    rank: rankOf(event.event_type),
    ...(isEnd && { endOf: event.execution_id })
  };
}

const ENDS: ReadonlySet<string> = new Set(['cell_execution_complete', 'cell_execution_error']);

function rankOf(type: string): number {
  switch (type) {
    case 'activity':
      return Rank.activity;
    case 'cell_execution_start':
      return Rank.start;
    case 'events_dropped':
      return Rank.report;
    default:
      return Rank.other;
  }
}

/** What a batch may hold, and what it passes over. */
export interface IBatchBounds {
  maxEvents: number;
  maxBytes: number;
  /** The ids of events. */
  skip: ReadonlySet<string>;
  isMine: (studentId: string) => boolean;
}

/** `isEnd`: no more events wait. `hasLosses`: some were given up, and that is not reported yet. */
export interface IReadBatch {
  events: IQueuedEvent[];
  isEnd: boolean;
  hasLosses: boolean;
}

/** The `first` events, then the oldest within the bounds, at least one. */
export async function readBatch(
  db: QueueDatabase,
  { maxEvents, maxBytes, skip, isMine }: IBatchBounds,
  first: readonly IQueuedEvent[]
): Promise<IReadBatch> {
  const events = [...first];
  let left = first.reduce((sum, { bytes }) => sum - bytes, maxBytes);
  const reading = db.transaction(['events', 'losses']);
  const losses = reading.objectStore('losses').count();
  let cursor = await reading.objectStore('events').openCursor();
  for (; cursor && events.length < maxEvents; cursor = await cursor.continue()) {
    const { eventId, studentId, body, bytes } = cursor.value;
    if (!skip.has(eventId) && isMine(studentId)) {
      if (events.length > 0 && bytes > left) {
        break;
      }
      left -= bytes;
      events.push({ key: cursor.key, eventId, body, bytes });
    }
  }
  return { events, isEnd: cursor === null, hasLosses: (await losses) > 0 };
}

/** The queue's database. */
export class QueueConnection extends Connection<IQueueSchema> {
  /** Open the database `name`. */
  static async open(name: string, onBlocked?: OnBlocked): Promise<QueueConnection> {
    const connect = (): Promise<QueueDatabase> =>
      openNewest(version => open(name, version, onBlocked), VERSION);
    return new QueueConnection(connect, await connect());
  }

  /** Write all that `act` does, or nothing; resolves when it is on the disk. */
  async write<T>(stores: StoreName[], act: (writing: Writing) => Promise<T>): Promise<T> {
    return this.run(async db => {
      const writing = db.transaction(stores, 'readwrite', STRICT);
      try {
        const [result] = await Promise.all([act(writing), writing.done]);
        return result;
      } catch (error) {
        abort(writing);
        throw error;
      }
    });
  }

  /** Delete events and do what belongs to it; false where the disk had no room for the latter. */
  async deleteEvents(
    keys: readonly number[],
    stores: StoreName[],
    act: (writing: Writing) => Promise<void>
  ): Promise<boolean> {
    const deleteAll = async (writing: Writing): Promise<unknown> =>
      Promise.all(keys.map(key => writing.objectStore('events').delete(key)));
    try {
      await this.write(['events', ...stores], async writing => {
        await deleteAll(writing);
        await act(writing);
      });
      return true;
    } catch (error) {
      if (!isFull(error)) {
        throw error;
      }
      // What only deletes goes through.
      await this.write(['events'], deleteAll);
      return false;
    }
  }
}

function abort(writing: Writing): void {
  try {
    writing.abort();
  } catch {
    // It has ended by itself.
  }
}
