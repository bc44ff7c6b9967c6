/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import { databaseName } from '../src/interfaces';
import { EventQueue, type IRejectedEvent } from '../src/queue';
import { until } from './fakes/clock';
import { fillDisk } from './fakes/disk';
import { makeEvent, waitingIn } from './fakes/sending';

const rejection: Omit<IRejectedEvent, 'eventId'> = {
  code: 'invalid',
  detail: 'no',
  field: 'code',
  rejectedAt: '2026-04-01T09:00:00.000Z',
  body: '{}'
};

describe('EventQueue', () => {
  let queue: EventQueue;

  beforeEach(async () => {
    globalThis.indexedDB = new IDBFactory();
    queue = await EventQueue.open('test');
  });

  afterEach(() => queue.dispose());

  const ids = async (of: EventQueue): Promise<string[]> =>
    (await of.take(100, 1_000_000)).map(({ eventId }) => eventId);

  it('keeps events in the order of their coming when the tab is closed', async () => {
    await Promise.all([1, 2, 3].map(id => queue.add(makeEvent(id))));
    queue.dispose();
    const reopened = await EventQueue.open('test');
    expect(await ids(reopened)).toEqual(['event-1', 'event-2', 'event-3']);
    reopened.dispose();
  });

  it('keeps an event as it was, Japanese and half surrogate pairs included', async () => {
    const event = makeEvent(1, 'print("日本語 \ud800")');
    await queue.add(event);
    const [kept] = await queue.take(1, 1_000);
    expect(JSON.parse(kept.body)).toEqual(event);
    expect(kept.bytes).toBe(Buffer.byteLength(kept.body));
  });

  it('asks the browser to write each event to the disk', async () => {
    const transaction = jest.spyOn(IDBDatabase.prototype, 'transaction');
    await queue.add(makeEvent(1));
    expect(transaction).toHaveBeenCalledWith(['events'], 'readwrite', { durability: 'strict' });
    transaction.mockRestore();
  });

  it('says that an event is added only when it can be read back', async () => {
    const counts: Promise<number>[] = [];
    queue.added.connect(() => counts.push(waitingIn(queue)));
    await queue.add(makeEvent(1));
    expect(await Promise.all(counts)).toEqual([1]);
  });

  it('hands out no more events and bytes than asked for, but always one', async () => {
    await Promise.all([1, 2, 3].map(id => queue.add(makeEvent(id))));
    const [{ bytes }] = await queue.take(1, 1);
    expect(await queue.take(2, 1_000_000)).toHaveLength(2);
    expect(await queue.take(9, 2 * bytes)).toHaveLength(2);
    expect(await queue.take(9, 2 * bytes - 1)).toHaveLength(1);
  });

  it('passes over the events that are to be skipped', async () => {
    await Promise.all([1, 2, 3].map(id => queue.add(makeEvent(id))));
    const [first] = await queue.take(1, 1);
    const rest = await queue.take(9, 1_000_000, new Set([first.eventId]));
    expect(rest.map(({ eventId }) => eventId)).toEqual(['event-2', 'event-3']);
  });

  it('deletes exactly the events that are named', async () => {
    await Promise.all([1, 2, 3].map(id => queue.add(makeEvent(id))));
    const [first, , third] = await queue.take(3, 1_000_000);
    await queue.remove([first.key, third.key]);
    expect(await ids(queue)).toEqual(['event-2']);
    expect(await waitingIn(queue)).toBe(1);
  });

  it('moves a rejected event away, counts all and keeps the last fifty', async () => {
    await Promise.all(Array.from({ length: 60 }, (_, id) => queue.add(makeEvent(id))));
    for (const { key, eventId } of await queue.take(60, 1_000_000)) {
      await queue.reject(key, { ...rejection, eventId });
    }
    const { waiting, rejectedCount, lastRejection } = await queue.standing();
    expect([waiting, rejectedCount, lastRejection?.eventId]).toEqual([0, 60, 'event-59']);
    const { rejected } = await queue.contents();
    expect(rejected.map(({ eventId }) => eventId)).toEqual(
      Array.from({ length: 50 }, (_, index) => `event-${index + 10}`)
    );
  });

  it('tells how it stands in one transaction, others’ events and losses apart', async () => {
    const others = { ...makeEvent(2), student_id: 'student-02' };
    await Promise.all([makeEvent(1), others].map(event => queue.add(event)));
    const loss = { sessionId: 's', path: 'a.ipynb', reason: 'not_kept' };
    await queue.lose({ ...loss, studentId: 'student-01', ranges: [[3, 4]] });
    await queue.lose({ ...loss, studentId: 'student-02', sessionId: 't', ranges: [[0, 0]] });
    const transaction = jest.spyOn(IDBDatabase.prototype, 'transaction');
    const standing = await queue.standing('student-01');
    expect(transaction).toHaveBeenCalledTimes(1);
    transaction.mockRestore();
    expect(standing).toMatchObject({ waiting: 4, foreignCount: 2, rejectedCount: 0 });
    expect(standing.dropped.get('not_kept')).toBe(3);
    expect((await queue.standing()).foreignCount).toBe(0);
  });

  it('takes a batch in one transaction where nothing was lost', async () => {
    await queue.add(makeEvent(1));
    await queue.take(9, 1_000_000);
    const transaction = jest.spyOn(IDBDatabase.prototype, 'transaction');
    expect(await queue.take(9, 1_000_000)).toHaveLength(1);
    expect(transaction).toHaveBeenCalledTimes(1);
    transaction.mockRestore();
  });

  it('never mixes two people at one computer', async () => {
    const names = [
      databaseName('https://hub/', 'a'),
      databaseName('https://hub/', 'b'),
      databaseName('https://other/', 'a')
    ];
    const queues = await Promise.all(names.map(name => EventQueue.open(name)));
    await queues[0].add(makeEvent(1));
    expect(await Promise.all(queues.map(other => waitingIn(other)))).toEqual([1, 0, 0]);
    queues.forEach(other => other.dispose());
  });

  it('opens the database again when the browser has closed it', async () => {
    await queue.add(makeEvent(1));
    (queue as unknown as { _connection: { _db: IDBDatabase } })._connection._db.close();
    await queue.add(makeEvent(2));
    expect(await ids(queue)).toEqual(['event-1', 'event-2']);
  });

  it('tells when the browser cannot keep an event', async () => {
    const failures: string[] = [];
    queue.failed.connect((_, error) => failures.push(error.message));
    const disk = fillDisk();
    void queue.add(makeEvent(1));
    await until(() => failures.length > 0);
    disk.empty();
    expect(failures).toEqual([expect.stringContaining('full')]);
  });

  it('lets go of what the service has where the disk takes nothing new', async () => {
    await queue.add(makeEvent(1));
    const [{ key }] = await queue.take(9, 1_000_000);
    const disk = fillDisk();
    await queue.remove([key]);
    disk.empty();
    expect(await waitingIn(queue)).toBe(0);
  });

  it('deletes nothing new by what was sent before the browser cleared its data', async () => {
    await Promise.all([1, 2].map(id => queue.add(makeEvent(id))));
    const sent = await queue.take(9, 1_000_000);
    (queue as unknown as { _connection: { _db: IDBDatabase } })._connection._db.close();
    await new Promise(resolve => (indexedDB.deleteDatabase('test').onsuccess = resolve));
    await Promise.all([3, 4].map(id => queue.add(makeEvent(id))));
    await queue.remove(sent.map(({ key }) => key));
    expect(await ids(queue)).toEqual(['event-3', 'event-4']);
  });

  it('gives a lease to one owner until it ends', async () => {
    expect(await queue.leases.take('send', 'a', 0, 100)).toBe(true);
    expect(await queue.leases.take('send', 'b', 99, 200)).toBe(false);
    expect(await queue.leases.take('send', 'a', 99, 150)).toBe(true);
    expect(await queue.leases.take('send', 'b', 150, 250)).toBe(true);
  });
});
