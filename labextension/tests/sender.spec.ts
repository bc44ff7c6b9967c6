/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import { EventQueue } from '../src/queue';
import { RequestError } from '../src/request';
import { type ISenderOptions, Sender } from '../src/sender';
import { chooseTurns } from '../src/turns';
import { FakeClock, until } from './fakes/clock';
import { FakeChannels, FakeTransport, makeEvent, refuse, stored } from './fakes/sending';

const INTERVAL_MS = 250;

describe('Sender', () => {
  let queue: EventQueue;
  let clock: FakeClock;
  let server: FakeTransport;
  let channels: FakeChannels;
  let page: EventTarget;
  let connects: number;
  let senders: Sender[];
  let queues: EventQueue[];

  const start = (options: Partial<ISenderOptions> = {}): Sender => {
    const sender = new Sender({
      queue,
      connect: async () => void (connects += 1),
      intervalMs: INTERVAL_MS,
      transport: server,
      turns: chooseTurns(queue, clock, undefined),
      clock,
      random: () => 0,
      channel: channels.join(),
      window: page as Window,
      ...options
    });
    senders.push(sender);
    return sender;
  };

  /** Two tabs, each with its own connection to the database; both have found the server. */
  const startTwo = async (): Promise<Sender[]> => {
    const other = await EventQueue.open('test');
    queues.push(other);
    const turns = chooseTurns(other, clock, undefined);
    const tabs = [start(), start({ queue: other, turns })];
    while (connects < 2) {
      await idle();
      clock.advance(INTERVAL_MS);
    }
    await idle();
    clock.advance(INTERVAL_MS);
    return tabs;
  };

  /** Every sender waits for its time, and has counted what waits. */
  const idle = async (): Promise<void> =>
    until(async () => {
      const count = await queue.count();
      const counted = senders.every(({ state }) => state.waiting === count);
      return counted && clock.sleepers === senders.length && clock.nextMs > 0;
    });

  const add = async (...ids: number[]): Promise<void> => {
    await Promise.all(ids.map(id => queue.add(makeEvent(id))));
  };

  const range = (count: number): number[] => Array.from({ length: count }, (_, id) => id);

  beforeEach(async () => {
    globalThis.indexedDB = new IDBFactory();
    queue = await EventQueue.open('test');
    queues = [queue];
    clock = new FakeClock();
    server = new FakeTransport();
    channels = new FakeChannels();
    page = new EventTarget();
    connects = 0;
    senders = [];
  });

  afterEach(() => {
    senders.forEach(sender => sender.dispose());
    queues.forEach(open => open.dispose());
  });

  it('sends the first event after a pause without any wait', async () => {
    const sender = start();
    await idle();
    clock.advance(1_000);
    await add(1);
    await until(() => sender.state.sentCount === 1);
    expect(server.batches).toEqual([['event-1']]);
    await idle();
    expect(sender.state).toMatchObject({ state: 'sent', waiting: 0 });
    expect(sender.state.lastContact).toEqual(new Date(clock.now()));
  });

  it('sends what follows within the interval as one batch', async () => {
    start();
    await idle();
    clock.advance(1_000);
    await add(1);
    await until(() => server.batches.length === 1);
    await idle();
    await add(2, 3, 4);
    await idle();
    expect(server.batches).toHaveLength(1);
    clock.advance(INTERVAL_MS);
    await until(() => server.batches.length === 2);
    expect(server.batches[1]).toEqual(['event-2', 'event-3', 'event-4']);
  });

  it('never puts more than a hundred events into a batch', async () => {
    await add(...range(250));
    const sender = start();
    while (sender.state.sentCount < 250) {
      await idle();
      clock.advance(INTERVAL_MS);
    }
    expect(server.batches.map(({ length }) => length)).toEqual([100, 100, 50]);
  });

  it('sends what a closed tab left', async () => {
    await add(1, 2);
    const sender = start();
    await until(() => sender.state.sentCount === 2);
    await idle();
    expect(await queue.count()).toBe(0);
  });

  it('deletes an event only on the word of its own result', async () => {
    server.answer = events =>
      events.map(({ eventId }) => ({
        event_id: eventId,
        status: eventId === 'event-2' ? 'retry' : 'stored'
      }));
    await add(1, 2, 3);
    const sender = start();
    await idle();
    expect(sender.state).toMatchObject({ state: 'waiting', waiting: 1, sentCount: 2 });
    server.answer = stored;
    clock.advance(5_000);
    await until(() => sender.state.sentCount === 3);
  });

  it('shows a rejected event and does not send it again', async () => {
    server.answer = events =>
      events.map(({ eventId }) => ({
        event_id: eventId,
        status: 'rejected',
        code: 'invalid',
        detail: 'too long',
        field: 'code'
      }));
    await add(1);
    const sender = start();
    await until(() => sender.state.rejectedCount === 1);
    await idle();
    expect(sender.state.waiting).toBe(0);
    expect(sender.state.lastRejection).toMatchObject({ code: 'invalid', detail: 'too long' });
    clock.advance(60_000);
    await idle();
    expect(server.batches).toHaveLength(1);
  });

  it('lets nothing wait behind what belongs to another student, and keeps it', async () => {
    server.answer = events =>
      events.map(({ eventId }) =>
        eventId === 'event-1'
          ? { event_id: eventId, status: 'rejected', code: 'wrong_student', detail: 'not you' }
          : { event_id: eventId, status: 'stored' }
      );
    await add(1);
    const sender = start();
    await idle();
    expect(sender.state).toMatchObject({ state: 'refused', waiting: 1, detail: 'not you' });
    clock.advance(1_000);
    await add(2);
    await until(() => sender.state.sentCount === 1);
    expect(await queue.count()).toBe(1);
  });

  it('waits as long as the server asks, and then goes on by itself', async () => {
    server.answer = refuse(503, 'unavailable', 5_000);
    await add(1);
    const sender = start();
    await idle();
    expect(sender.state).toMatchObject({ state: 'waiting', trouble: 'unavailable', waiting: 1 });
    server.answer = stored;
    clock.advance(4_999);
    await idle();
    expect(server.batches).toHaveLength(1);
    clock.advance(1);
    await until(() => sender.state.sentCount === 1);
    await idle();
    expect(sender.state).toMatchObject({ state: 'sent', trouble: null });
  });

  it.each([
    [401, 'not_signed_in', 'signed_out'],
    [403, 'forbidden', 'refused'],
    [404, '', 'no_service'],
    [503, 'no_service', 'no_service']
  ])('keeps everything on a %d %s and says %s', async (status, code, state) => {
    server.answer = refuse(status, code);
    await add(1, 2);
    const sender = start();
    await idle();
    expect(sender.state).toMatchObject({ state, waiting: 2, detail: 'a reason' });
    expect(clock.nextMs).toBeGreaterThanOrEqual(30_000);
  });

  it.each(['focus', 'online'])('asks again at once on %s after a lost login', async name => {
    server.answer = refuse(401, 'not_signed_in');
    await add(1);
    const sender = start();
    await idle();
    server.answer = stored;
    page.dispatchEvent(new Event(name));
    await until(() => sender.state.sentCount === 1);
  });

  it('finds the one event that a whole batch is refused for, and stores its neighbours', async () => {
    server.answer = events =>
      events.some(({ eventId }) => eventId === 'event-5')
        ? refuse(400, 'invalid')()
        : stored(events);
    await add(...range(8));
    const sender = start();
    while (sender.state.sentCount < 7 || sender.state.rejectedCount < 1) {
      await idle();
      clock.advance(INTERVAL_MS);
    }
    expect(sender.state.lastRejection?.eventId).toBe('event-5');
    await idle();
    expect(await queue.count()).toBe(0);
  });

  it('throws nothing away on the word of a stranger, such as a proxy’s 400', async () => {
    server.answer = refuse(400, '');
    await add(1);
    const sender = start();
    await until(() => server.batches.length === 1);
    await idle();
    expect(sender.state).toMatchObject({ waiting: 1, rejectedCount: 0 });
  });

  it('lets nothing wait for an event that breaks the server', async () => {
    server.answer = events =>
      events.some(({ eventId }) => eventId === 'event-0')
        ? refuse(500, 'internal')()
        : stored(events);
    await add(...range(4));
    const sender = start();
    while (sender.state.sentCount < 3) {
      await idle();
      clock.advance(clock.nextMs);
    }
    await idle();
    expect(await queue.count()).toBe(1);
    expect(sender.state.rejectedCount).toBe(0);
  });

  it('sends at once when somebody asks, whatever the last failure was', async () => {
    server.answer = refuse(503, 'unavailable', 500_000);
    await add(1);
    const sender = start();
    await idle();
    server.answer = stored;
    await sender.flush();
    expect(sender.state).toMatchObject({ state: 'sent', sentCount: 1 });
  });

  it('asks the server who the student is until it answers, and then no more', async () => {
    let isAway = true;
    const sender = start({
      connect: async () => {
        connects += 1;
        if (isAway) {
          throw new RequestError(503, 'no_service', 'nothing here');
        }
      }
    });
    await idle();
    expect(sender.state).toMatchObject({ state: 'no_service', detail: 'nothing here' });
    isAway = false;
    clock.advance(60_000);
    await until(() => sender.state.state === 'sent');
    await idle();
    clock.advance(60_000);
    await idle();
    expect(connects).toBe(2);
  });

  it('goes on after an error that nobody foresaw', async () => {
    server.answer = () => {
      throw new TypeError('a mistake');
    };
    await add(1);
    const sender = start();
    await idle();
    expect(sender.state).toMatchObject({ waiting: 1, trouble: 'unavailable' });
    server.answer = stored;
    clock.advance(60_000);
    await until(() => sender.state.sentCount === 1);
  });

  it('hands over what is not sent yet when the page goes', async () => {
    const sender = start();
    await idle();
    server.answer = refuse(503, 'unavailable');
    clock.advance(1_000);
    await add(1, 2);
    await until(() => sender.state.trouble === 'unavailable');
    page.dispatchEvent(new Event('pagehide'));
    expect(server.last.sort()).toEqual(['event-1', 'event-2']);
  });

  it('sends each event from one of several tabs only', async () => {
    let running = 0;
    let most = 0;
    server.answer = async events => {
      most = Math.max(most, ++running);
      await new Promise(resolve => setImmediate(resolve));
      running -= 1;
      return stored(events);
    };
    const [first, second] = await startTwo();
    await add(...range(300));
    while ((await queue.count()) > 0) {
      clock.advance(INTERVAL_MS);
      await new Promise(resolve => setImmediate(resolve));
    }
    await until(() => first.state.sentCount + second.state.sentCount === 300);
    expect(most).toBe(1);
    expect(server.batches.flat()).toHaveLength(300);
  });

  it('tells the other tabs how it stands', async () => {
    server.answer = refuse(401, 'not_signed_in');
    const [first, second] = await startTwo();
    await add(1);
    await until(() => [first, second].every(({ state }) => state.state === 'signed_out'));
    server.answer = stored;
    await first.flush();
    await until(() => [first, second].every(({ state }) => state.state === 'sent'));
    expect(server.batches).toHaveLength(2);
  });

  it('sends nothing any more when it is disposed', async () => {
    const sender = start();
    await idle();
    sender.dispose();
    await add(1);
    await until(() => clock.sleepers === 0);
    clock.advance(60_000);
    expect(server.batches).toEqual([]);
    expect(await queue.count()).toBe(1);
  });
});
