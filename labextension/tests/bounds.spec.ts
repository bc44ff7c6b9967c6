/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import type { AnyEvent, EventsDropped } from '../src/contract';
import { QueueConnection } from '../src/database';
import { EventQueue } from '../src/queue';
import { measure } from '../src/room';
import { makeEnd, makeEvent, waitingIn } from './fakes/sending';

const activity = (seq: number): AnyEvent =>
  ({ ...makeEvent(seq), event_type: 'activity', execution_id: undefined }) as unknown as AnyEvent;
const UNBOUNDED = { count: 1_000, bytes: 1_000_000 };

describe('A full queue', () => {
  let queue: EventQueue;

  beforeEach(async () => {
    globalThis.indexedDB = new IDBFactory();
    queue = await EventQueue.open('test');
  });

  afterEach(() => queue.dispose());

  const addAll = async (events: AnyEvent[], to = queue): Promise<void> => {
    for (const event of events) {
      await to.add(event);
    }
  };
  /** What a sender in another tab would find. */
  const taken = async (): Promise<(AnyEvent | EventsDropped)[]> => {
    const reader = await EventQueue.open('test');
    const events = await reader.take(1_000, 1_000_000);
    reader.dispose();
    return events.map(({ body }) => JSON.parse(body));
  };
  const kept = async (): Promise<string[]> =>
    (await taken()).filter(event => 'seq' in event).map(event => event.event_id);
  const reports = async (): Promise<Partial<EventsDropped>[]> =>
    (await taken())
      .filter(event => event.event_type === 'events_dropped')
      .map(({ session_id, ranges, count, reason }) => ({ session_id, ranges, count, reason }));

  it.each([
    [4, [0, 2, 3, 4]],
    [3, [0, 2, 4]],
    [2, [0, 4]],
    [1, [4]]
  ])('of %d gives up activity first, then starts whose ends are there', async (count, left) => {
    queue.limits = { ...UNBOUNDED, count };
    await addAll([makeEvent(0), activity(1), makeEvent(2), activity(3), makeEnd(4, 'run-2')]);
    expect(await kept()).toEqual(left.map(id => `event-${id}`));
  });

  it('gives up the oldest of all only where nothing else is left to go', async () => {
    queue.limits = { ...UNBOUNDED, count: 2 };
    await addAll([makeEnd(0, 'run-0'), makeEvent(1), makeEnd(2, 'run-2'), makeEnd(3, 'run-3')]);
    expect(await kept()).toEqual(['event-2', 'event-3']);
  });

  it('holds no more bytes than it may', async () => {
    const bytes = Buffer.byteLength(JSON.stringify(makeEvent(0)));
    queue.limits = { ...UNBOUNDED, bytes: 3 * bytes };
    await addAll([0, 1, 2, 3, 4].map(id => makeEvent(id)));
    expect(await kept()).toEqual(['event-2', 'event-3', 'event-4']);
  });

  it('knows about how many bytes wait in a queue that it finds', async () => {
    const codes = [10, 500, 5_000, 60_000].map(length => 'x'.repeat(length));
    await addAll(codes.map((code, id) => makeEvent(id, code)));
    const exact = (await queue.contents()).bodies.reduce((sum, body) => sum + body.length, 0);
    const connection = await QueueConnection.open('test');
    const { count, bytes } = await connection.run(db => measure(db, 3));
    connection.close();
    expect(count).toBe(4);
    expect(Math.abs(bytes / exact - 1)).toBeLessThan(0.05);
  });

  it('goes on to the oldest where many starts have no end', async () => {
    queue.limits = { ...UNBOUNDED, count: 80 };
    await addAll(Array.from({ length: 81 }, (_, id) => makeEvent(id)));
    expect((await kept())[0]).toBe('event-1');
  });

  it('reports what it gave up: ranges, count and reason, one for each session', async () => {
    queue.limits = { ...UNBOUNDED, count: 2 };
    await addAll([0, 1, 2].map(id => makeEvent(id)));
    await addAll([3, 4, 5].map(id => ({ ...makeEvent(id), session_id: 'session-2' })));
    expect(await reports()).toEqual([
      { session_id: 'session-1', ranges: [[0, 2]], count: 3, reason: 'queue_full' },
      { session_id: 'session-2', ranges: [[3, 3]], count: 1, reason: 'queue_full' }
    ]);
  });

  it('loses no event without its report when the tab dies at any moment', async () => {
    queue.limits = { ...UNBOUNDED, count: 3 };
    await addAll([0, 1, 2, 3, 4, 5, 6].map(id => makeEvent(id)));
    queue.dispose();
    queue = await EventQueue.open('test');
    const events = await taken();
    const dropped = events.flatMap(event => ('ranges' in event ? event.ranges : []));
    const seqs = events.flatMap(event => ('seq' in event ? [event.seq] : []));
    expect({ dropped, seqs }).toEqual({ dropped: [[0, 3]], seqs: [4, 5, 6] });
  });

  it('never alters a report that may be on its way: what comes later has its own', async () => {
    queue.limits = { ...UNBOUNDED, count: 2 };
    await addAll([0, 1, 2].map(id => makeEvent(id)));
    const [before] = (await taken()).filter(event => 'ranges' in event);
    await addAll([makeEvent(3)]);
    const after = (await taken()).filter(event => 'ranges' in event);
    expect(after).toEqual([before, expect.objectContaining({ ranges: [[1, 2]] })]);
  });

  it('does not give up what is under way to the service', async () => {
    await addAll([makeEvent(0), makeEvent(1)]);
    await queue.take(1, 1_000_000);
    queue.limits = { ...UNBOUNDED, count: 2 };
    await addAll([makeEvent(2)]);
    expect(await kept()).toEqual(['event-0', 'event-2']);
  });

  it('counts what it gave up, also after a reload', async () => {
    queue.limits = { ...UNBOUNDED, count: 1 };
    await addAll([0, 1, 2].map(id => makeEvent(id)));
    queue.dispose();
    queue = await EventQueue.open('test');
    expect((await queue.standing()).dropped.get('queue_full')).toBe(2);
  });

  it('keeps to its bounds where several tabs fill it', async () => {
    const other = await EventQueue.open('test');
    other.limits = queue.limits = { ...UNBOUNDED, count: 150 };
    for (let id = 0; id < 300; id += 10) {
      const events = Array.from({ length: 10 }, (_, at) => makeEvent(id + at));
      await Promise.all(events.map((event, at) => (at % 2 ? queue : other).add(event)));
    }
    expect((await kept()).length).toBeLessThanOrEqual(150 + 103);
    other.dispose();
  });

  it('makes room on a full disk with what is worth little, and keeps the event', async () => {
    await addAll([activity(0), activity(1), makeEvent(2)]);
    const full = jest.spyOn(IDBObjectStore.prototype, 'add').mockImplementationOnce(() => {
      throw new DOMException('The disk is full.', 'QuotaExceededError');
    });
    await queue.add(makeEvent(3));
    full.mockRestore();
    expect(await kept()).toEqual(['event-2', 'event-3']);
    expect(await reports()).toMatchObject([{ ranges: [[0, 1]], reason: 'queue_full' }]);
  });

  it('splits a report that would hold more ranges than one may', async () => {
    const every = Array.from({ length: 1_001 }, (_, at): [number, number] => [2 * at, 2 * at]);
    await queue.lose({
      studentId: 'student-01',
      sessionId: 'session-1',
      path: 'a.ipynb',
      reason: 'not_kept',
      ranges: every
    });
    const found = await reports();
    expect(found.map(({ ranges }) => ranges?.length)).toEqual([1_000, 1]);
    expect(found.flatMap(({ ranges }) => ranges)).toEqual(every);
  });
});

describe('All that a queue writes of events', () => {
  it('is written to the disk', async () => {
    globalThis.indexedDB = new IDBFactory();
    const queue = await EventQueue.open('test');
    queue.limits = { ...UNBOUNDED, count: 1 };
    const transaction = jest.spyOn(IDBDatabase.prototype, 'transaction');
    await queue.add(makeEvent(1));
    await queue.add(makeEvent(2));
    const [{ key, eventId, body }] = await queue.take(9, 1_000_000);
    const reason = { code: 'invalid', detail: '', field: null, rejectedAt: '' };
    await queue.reject(key, { ...reason, eventId, body });
    await queue.remove((await queue.take(9, 1_000_000)).map(event => event.key));
    const writes = transaction.mock.calls.filter(([, mode]) => mode === 'readwrite');
    transaction.mockRestore();
    expect(writes.length).toBeGreaterThanOrEqual(6);
    expect(writes.every(([, , options]) => options?.durability === 'strict')).toBe(true);
    queue.dispose();
  });
});

describe('A refusal for good', () => {
  let queue: EventQueue;

  beforeEach(async () => {
    globalThis.indexedDB = new IDBFactory();
    queue = await EventQueue.open('test');
  });

  afterEach(() => queue.dispose());

  const reject = async (): Promise<void> => {
    const [{ key, eventId, body }] = await queue.take(1, 1_000_000);
    const rejectedAt = '2026-04-01T09:00:00.000Z';
    const reason = { code: 'too_old', detail: '', field: null, rejectedAt };
    await queue.reject(key, { ...reason, eventId, body });
  };

  it('is reported with its code', async () => {
    await queue.add(makeEvent(7));
    await reject();
    const [{ body }] = await queue.take(1, 1_000_000);
    expect(JSON.parse(body)).toMatchObject({
      event_type: 'events_dropped',
      student_id: 'student-01',
      session_id: 'session-1',
      ranges: [[7, 7]],
      count: 1,
      reason: 'rejected:too_old'
    });
  });

  it.each([
    ['/a\\b\n../c.ipynb', 'a_b_../c.ipynb'],
    ['../\u202ea.ipynb', '_/_a.ipynb'],
    [`${'a'.repeat(497)}/..\ud800.ipynb`, `${'a'.repeat(497)}/_`],
    ['か\u3099'.repeat(600), 'が'.repeat(500)]
  ])('of the path %j is reported under one that is taken', async (path, taken) => {
    await queue.add({ ...makeEvent(7), notebook_path: path });
    await reject();
    const report = JSON.parse((await queue.take(1, 1_000_000))[0].body);
    expect(report).toMatchObject({ notebook_path: taken, ranges: [[7, 7]] });
  });

  it('of a report itself is not reported again', async () => {
    await queue.add(makeEvent(7));
    await reject();
    await reject();
    expect(await queue.take(1, 1_000_000)).toEqual([]);
    expect((await queue.standing()).rejectedCount).toBe(2);
  });
});

describe('A queue of an earlier release', () => {
  it('keeps its events and its counts', async () => {
    globalThis.indexedDB = new IDBFactory();
    const body = JSON.stringify(makeEnd(1, 'run-1'));
    await new Promise<void>(resolve => {
      const opening = indexedDB.open('test', 1);
      opening.onupgradeneeded = () => {
        const { result: db } = opening;
        const events = db.createObjectStore('events', { autoIncrement: true });
        db.createObjectStore('rejected', { autoIncrement: true });
        db.createObjectStore('counts').put(3, 'rejected');
        db.createObjectStore('leases');
        events.add({ eventId: 'event-1', body, bytes: Buffer.byteLength(body) });
      };
      opening.onsuccess = () => {
        opening.result.close();
        resolve();
      };
    });
    const queue = await EventQueue.open('test');
    await queue.add(makeEvent(2));
    expect((await queue.take(9, 1_000_000)).map(event => event.eventId)).toEqual([
      'event-1',
      'event-2'
    ]);
    expect((await queue.standing()).rejectedCount).toBe(3);
    expect((await queue.standing('student-01')).foreignCount).toBe(0);
    queue.dispose();
  });
  it('opens the database of a newer release as it is', async () => {
    globalThis.indexedDB = new IDBFactory();
    (await EventQueue.open('test')).dispose();
    await new Promise<void>(resolve => {
      const opening = indexedDB.open('test', 9);
      opening.onsuccess = () => {
        opening.result.close();
        resolve();
      };
    });
    const queue = await EventQueue.open('test');
    await queue.add(makeEvent(1));
    expect(await waitingIn(queue)).toBe(1);
    queue.dispose();
  });
});
