/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import { storedEvent } from '../src/database';
import { MemoryEvents } from '../src/memory';
import { EventQueue, type IQueuedEvent } from '../src/queue';
import { RequestError } from '../src/request';
import type { Sender } from '../src/sender';
import { Bench, INTERVAL_MS } from './fakes/bench';
import { until } from './fakes/clock';
import { fillDisk } from './fakes/disk';
import { makeEnd, makeEvent, refuse, stored, waitingIn } from './fakes/sending';

const NOBODY: ReadonlySet<number> = new Set();
const LOSS = {
  studentId: 'student-01',
  sessionId: 'session-1',
  path: 'a.ipynb',
  reason: 'queue_full',
  ranges: [[7, 7]] as [number, number][]
};

/** Nothing can be read either, as where the browser has lost its database. */
function breakDisk(): void {
  jest.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(() => {
    throw new DOMException('Connection lost.', 'UnknownError');
  });
}

afterEach(() => jest.restoreAllMocks());

describe('A queue whose disk is broken', () => {
  let queue: EventQueue;

  beforeEach(async () => {
    globalThis.indexedDB = new IDBFactory();
    queue = await EventQueue.open('test');
    breakDisk();
  });

  it('hands out what is in memory, and lets go of it', async () => {
    void queue.add(makeEvent(1));
    await until(() => queue.memoryCount === 1);
    const [{ key, eventId }] = await queue.take(99, 1_000_000);
    await queue.remove([key]);
    expect([eventId, queue.memoryCount]).toEqual(['event-1', 0]);
  });

  it('reports a loss all the same', async () => {
    await queue.lose(LOSS);
    const [report] = await queue.take(99, 1_000_000);
    expect(JSON.parse(report.body)).toMatchObject({ ranges: [[7, 7]], reason: 'queue_full' });
  });
});

describe('A disk that can be read and takes nothing', () => {
  it('holds up nothing that is in memory, whatever it says', async () => {
    globalThis.indexedDB = new IDBFactory();
    const queue = await EventQueue.open('test');
    await queue.lose(LOSS);
    fillDisk('UnknownError');
    void queue.add(makeEvent(1));
    await until(() => queue.memoryCount === 1);
    expect(await queue.take(99, 1_000_000)).toMatchObject([{ eventId: 'event-1' }]);
    queue.dispose();
  });
});

describe('What is read for the service', () => {
  let queue: EventQueue;

  beforeEach(async () => {
    globalThis.indexedDB = new IDBFactory();
    queue = await EventQueue.open('test');
  });

  afterEach(() => queue.dispose());

  it('is not given up in the same moment because an event finds the disk full', async () => {
    for (const event of [makeEvent(1), makeEnd(2, 'run-1'), makeEvent(9)]) {
      await queue.add(event);
    }
    const { openCursor } = IDBObjectStore.prototype;
    const reading = jest.spyOn(IDBObjectStore.prototype, 'openCursor');
    reading.mockImplementationOnce(function (this: IDBObjectStore, ...query) {
      fillDisk('QuotaExceededError', 'event-3');
      void queue.add(makeEvent(3));
      void queue.contents();
      return openCursor.apply(this, query);
    });
    const batch = await queue.take(2, 1_000_000);
    await until(() => queue.memoryCount === 1);
    expect(batch.map(({ eventId }) => eventId)).toEqual(['event-1', 'event-2']);
    expect((await queue.contents()).losses).toEqual([]);
  });
});

describe('A refusal that the disk has no room for', () => {
  it('is counted and shown, and written down later', async () => {
    globalThis.indexedDB = new IDBFactory();
    const queue = await EventQueue.open('test');
    await queue.add(makeEvent(1));
    const [{ key, eventId, body }] = await queue.take(1, 1_000_000);
    const disk = fillDisk();
    const rejected = { code: 'invalid', detail: 'no', field: null, rejectedAt: '', eventId, body };
    await queue.reject(key, rejected);
    expect(await queue.standing()).toMatchObject({ rejectedCount: 1, lastRejection: rejected });
    expect((await queue.contents()).rejected).toEqual([rejected]);
    disk.empty();
    await queue.take(1, 1_000_000);
    const reader = await EventQueue.open('test');
    expect(await reader.standing()).toMatchObject({ rejectedCount: 1, lastRejection: rejected });
    expect(await queue.standing()).toMatchObject({ rejectedCount: 1, lastRejection: rejected });
    [reader, queue].forEach(each => each.dispose());
  });
});

describe('The memory gives up no event', () => {
  const half = (id: number) => storedEvent(makeEvent(id, 'x'.repeat(6_000_000)));

  it('that is on its way to the disk, nor hands it to the service', async () => {
    const memory = new MemoryEvents();
    let written = (): void => undefined;
    const first = memory.add(half(1), NOBODY).isSafe;
    const moved = memory.moveTo(() => new Promise<void>(resolve => (written = resolve)), NOBODY);
    const second = memory.add(half(2), NOBODY).isSafe;
    await expect(second).rejects.toThrow('memory');
    const bounds = { maxEvents: 9, maxBytes: 9, skip: new Set<string>(), isMine: () => true };
    expect(memory.first(bounds)).toEqual([]);
    written();
    await first;
    expect((await moved).count).toBe(1);
  });

  it('that is on its way to the service, nor does it move to the disk meanwhile', async () => {
    const memory = new MemoryEvents();
    const { event } = memory.add(half(1), NOBODY);
    const underWay = new Set([event.key]);
    await expect(memory.add(half(2), underWay).isSafe).rejects.toThrow('memory');
    const moved: string[] = [];
    await memory.moveTo(async ({ eventId }) => moved.push(eventId), underWay);
    expect([moved, memory.count]).toEqual([[], 1]);
  });
});

describe('A sender whose disk fails', () => {
  let bench: Bench;

  beforeEach(async () => {
    bench = await Bench.set();
  });

  afterEach(() => bench.dispose());

  it('sends what is in memory although nothing can be read', async () => {
    const sender = bench.start();
    await bench.idle();
    bench.clock.advance(1_000);
    breakDisk();
    await bench.add(1);
    await until(() => sender.state.sentCount === 1);
    expect(bench.server.batches).toEqual([['event-1']]);
  });

  it.each([
    ['event', async () => bench.add(2), 2],
    ['attempt', async (sender: Sender) => sender.flush(), 1]
  ])(
    'gives the disk what it takes again with the next %s of one who is signed out',
    async (...[, act, count]) => {
      const signedOut = async (): Promise<never> => {
        throw new RequestError(401, 'not_signed_in', '');
      };
      const sender = bench.start({ connect: signedOut });
      await until(() => sender.state.state === 'signed_out');
      const disk = fillDisk();
      void bench.add(1);
      await until(() => sender.state.memoryCount === 1);
      disk.empty();
      await act(sender);
      await until(() => sender.state.memoryCount === 0);
      expect(await waitingIn(bench.queue)).toBe(count);
    }
  );

  it('does not ask again and again for a report that the disk has no room for', async () => {
    await bench.queue.lose(LOSS);
    fillDisk();
    const take = jest.spyOn(bench.queue, 'take');
    bench.start();
    for (let time = 0; time < 10_000; time += INTERVAL_MS) {
      await bench.idle();
      bench.clock.advance(INTERVAL_MS);
    }
    expect(take.mock.calls.length).toBeLessThan(4);
  });

  it('sends when another tab says that the service is back', async () => {
    const [first, second] = await bench.startTwo();
    bench.server.answer = refuse(503, 'unavailable', 300_000);
    fillDisk();
    void bench.add(1);
    await until(() => [first, second].every(({ state }) => state.trouble === 'unavailable'));
    expect(first.state.memoryCount).toBe(1);
    bench.server.answer = stored;
    await second.flush();
    bench.clock.advance(INTERVAL_MS);
    await until(() => first.state.memoryCount === 0);
  });

  it('asks once about another student’s event, wherever that is', async () => {
    bench.server.answer = (events: readonly IQueuedEvent[]) =>
      events.map(({ eventId }) => ({
        event_id: eventId,
        status: 'rejected',
        code: 'wrong_student'
      }));
    bench.start();
    await bench.idle();
    bench.clock.advance(1_000);
    const disk = fillDisk();
    void bench.add(1);
    await until(() => bench.server.batches.length === 1);
    disk.empty();
    await until(() => {
      bench.clock.advance(10_000);
      return bench.queue.memoryCount === 0;
    });
    await bench.idle();
    bench.clock.advance(60_000);
    await bench.idle();
    expect(bench.server.batches).toEqual([['event-1']]);
  });
});
