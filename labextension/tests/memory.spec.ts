/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import type { AnyEvent, EventsDropped } from '../src/contract';
import { storedEvent } from '../src/database';
import { MemoryEvents } from '../src/memory';
import { EventQueue } from '../src/queue';
import { Bench } from './fakes/bench';
import { until } from './fakes/clock';
import { fillDisk } from './fakes/disk';
import { makeEnd, makeEvent, openRun, refuse, stored, waitingIn } from './fakes/sending';

const NOBODY: ReadonlySet<number> = new Set();
const ALL = { maxEvents: 99, maxBytes: 1_000_000, skip: new Set<string>(), isMine: () => true };
const activity = (id: number): AnyEvent =>
  ({ ...makeEvent(id), event_type: 'activity', execution_id: undefined }) as unknown as AnyEvent;

afterEach(() => jest.restoreAllMocks());

describe('Where the disk is full', () => {
  let queue: EventQueue;
  let disk: { empty(): void };

  beforeEach(async () => {
    globalThis.indexedDB = new IDBFactory();
    queue = await EventQueue.open('test');
    await queue.add(makeEvent(0));
    disk = fillDisk();
  });

  afterEach(() => queue.dispose());

  /** Add an event that the disk refuses; its fate is known later. */
  const hold = async (event: AnyEvent): Promise<{ fate: string }> => {
    const held = { fate: 'open' };
    const before = queue.memoryCount;
    queue.add(event).then(
      () => (held.fate = 'safe'),
      () => (held.fate = 'lost')
    );
    await until(() => queue.memoryCount > before || held.fate === 'lost');
    return held;
  };
  const taken = async (from = queue): Promise<(AnyEvent | EventsDropped)[]> =>
    (await from.take(99, 20_000_000)).map(({ body }) => JSON.parse(body));
  const onDisk = async (): Promise<(AnyEvent | EventsDropped)[]> => {
    const reader = await EventQueue.open('test');
    const events = await taken(reader);
    reader.dispose();
    return events;
  };
  const idsOf = (events: readonly (AnyEvent | EventsDropped)[]): string[] =>
    events.map(({ event_id }) => event_id);
  /** More than the memory holds: the oldest is given up. */
  const overfill = async (): Promise<{ fate: string }> => {
    const first = await hold(makeEvent(1, 'x'.repeat(6_000_000)));
    void queue.add(makeEvent(2, 'x'.repeat(6_000_000)));
    await until(() => first.fate === 'lost');
    return first;
  };

  it('an event is sent from memory, before those that are safe', async () => {
    await hold(makeEvent(1));
    expect(idsOf(await taken())).toEqual(['event-1', 'event-0']);
  });

  it('an event is safe only when the service has it', async () => {
    const held = await hold(makeEvent(1));
    expect(held.fate).toBe('open');
    const [{ key }] = await queue.take(1, 1_000_000);
    await queue.remove([key]);
    await until(() => held.fate === 'safe');
    expect([await waitingIn(queue), queue.memoryCount]).toEqual([1, 0]);
  });

  it('an event goes to the disk as soon as there is room again', async () => {
    const held = await hold(makeEvent(1));
    disk.empty();
    await queue.take(1, 1_000_000);
    await until(() => held.fate === 'safe');
    expect(idsOf(await onDisk())).toEqual(['event-0', 'event-1']);
    expect(queue.memoryCount).toBe(0);
  });

  it('it is told that an event has gone to the disk', async () => {
    await hold(makeEvent(1));
    disk.empty();
    const told = new Promise<number>(resolve => {
      queue.changed.connect(() => resolve(queue.memoryCount));
    });
    await queue.add(makeEvent(2));
    expect(await told).toBe(0);
  });

  it('the run of an event that is in memory alone stays open for the next page', async () => {
    disk.empty();
    queue.runs.putRun({ ...openRun('run-1'), start: { executionCount: 1, startedAt: null } });
    await queue.add(makeEvent(1));
    disk = fillDisk();
    await hold(makeEnd(2, 'run-1'));
    disk.empty();
    const next = await EventQueue.open('test');
    const left = await next.runs.adoptRuns('page-2', new Set(['page-1']));
    next.dispose();
    expect(left.map(({ executionId }) => executionId)).toEqual(['run-1']);
  });

  it('an event that the memory does not hold either is reported from there', async () => {
    await overfill();
    const events = await taken();
    expect(events[1]).toMatchObject({
      event_type: 'events_dropped',
      ranges: [[1, 1]],
      reason: 'not_kept'
    });
    expect(idsOf(events)).toEqual(['event-2', events[1].event_id, 'event-0']);
    expect(idsOf(await taken())).toEqual(idsOf(events));
  });

  it('what is in memory, and what is lost and not written down, waits too', async () => {
    await hold(makeEvent(1));
    expect((await queue.standing()).waiting).toBe(2);
    await queue.lose({
      studentId: 'student-01',
      sessionId: 'session-1',
      path: 'a.ipynb',
      reason: 'not_kept',
      ranges: [[5, 6]]
    });
    expect((await queue.standing()).waiting).toBe(3);
  });

  it('a loss is counted once, by the disk too when it can', async () => {
    await overfill();
    await taken();
    expect((await queue.standing()).dropped.get('not_kept')).toBe(1);
    disk.empty();
    await queue.add(makeEvent(3));
    const reader = await EventQueue.open('test');
    expect((await reader.standing()).dropped.get('not_kept')).toBe(1);
    reader.dispose();
  });

  it('a page that goes hands over its events, and the reports of those it lost', async () => {
    await overfill();
    const events = queue.leave().map(({ body }) => JSON.parse(body) as AnyEvent | EventsDropped);
    expect(events.map(({ event_type }) => event_type)).toEqual([
      'cell_execution_start',
      'events_dropped'
    ]);
    expect(events[1]).toMatchObject({ ranges: [[1, 1]], reason: 'not_kept' });
  });

  it('a refused event goes out of the way, and is reported from memory', async () => {
    const [{ key, eventId, body }] = await queue.take(1, 1_000_000);
    const reason = { code: 'invalid', detail: '', field: null, rejectedAt: '' };
    await queue.reject(key, { ...reason, eventId, body });
    expect(await taken()).toMatchObject([{ ranges: [[0, 0]], reason: 'rejected:invalid' }]);
  });

  it('a loss that cannot become an event stays, and holds nothing else up', async () => {
    disk.empty();
    await queue.lose({
      studentId: 'student-01',
      sessionId: 'session-1',
      path: 'a.ipynb',
      reason: 'queue_full',
      ranges: [[7, 7]]
    });
    disk = fillDisk();
    expect(idsOf(await taken())).toEqual(['event-0']);
    disk.empty();
    expect((await onDisk()).at(-1)).toMatchObject({ ranges: [[7, 7]] });
  });

  it('the file for the student holds what is in memory alone, and what was lost', async () => {
    await overfill();
    const { bodies, losses } = await queue.contents();
    expect(idsOf(bodies.map(body => JSON.parse(body)))).toEqual(['event-0', 'event-2']);
    expect(losses).toMatchObject([{ ranges: [[1, 1]], reason: 'not_kept' }]);
  });

  it('another student’s event stays where it is, and is counted as theirs', async () => {
    await hold({ ...makeEvent(1), student_id: 'student-02' });
    expect((await queue.standing('student-01')).foreignCount).toBe(1);
    const mine = await queue.take(9, 1_000_000, new Set(), 'student-01');
    expect(mine.map(({ eventId }) => eventId)).toEqual(['event-0']);
  });
});

describe('The memory', () => {
  it('gives up activity first, then the oldest, and neither reports nor what is under way', () => {
    const memory = new MemoryEvents({ count: 2, bytes: 1_000_000 });
    const lost: string[] = [];
    const add = (event: AnyEvent | EventsDropped, spare = NOBODY): void => {
      memory.add(storedEvent(event), spare).isSafe.catch(() => lost.push(event.event_id));
    };
    const left = (): string[] => memory.all.map(({ eventId }) => eventId);
    add(makeEnd(1, 'run-1'));
    add(activity(2));
    add(makeEnd(3, 'run-3'));
    expect(left()).toEqual(['event-1', 'event-3']);
    add(makeEnd(4, 'run-4'), new Set([-1]));
    expect(left()).toEqual(['event-1', 'event-4']);
    const report = { ...makeEvent(5), event_type: 'events_dropped' } as unknown as EventsDropped;
    add(report);
    expect(left()).toEqual(['event-4', 'event-5']);
    expect(lost).toEqual([]);
  });

  it('hands out no more events and bytes than asked for, but always one', () => {
    const memory = new MemoryEvents();
    [1, 2, 3].forEach(id => memory.add(storedEvent(makeEvent(id)), NOBODY));
    const { bytes } = storedEvent(makeEvent(1));
    expect(memory.first({ ...ALL, maxEvents: 2 })).toHaveLength(2);
    expect(memory.first({ ...ALL, maxBytes: 2 * bytes })).toHaveLength(2);
    expect(memory.first({ ...ALL, maxBytes: 1 })).toHaveLength(1);
    expect(memory.first({ ...ALL, skip: new Set(['event-1']) }).map(({ key }) => key)).toEqual([
      -2, -3
    ]);
  });
});

describe('A sender on a full disk', () => {
  let bench: Bench;

  beforeEach(async () => {
    bench = await Bench.set();
  });

  afterEach(() => bench.dispose());

  it('sends at once what is in memory alone', async () => {
    const sender = bench.start();
    await bench.idle();
    bench.clock.advance(1_000);
    fillDisk();
    await bench.add(1);
    await until(() => sender.state.sentCount === 1);
    await bench.idle();
    expect(sender.state).toMatchObject({ state: 'sent', waiting: 0, memoryCount: 0 });
  });

  it('says how much would be lost with the page, and hands it over when that goes', async () => {
    bench.server.answer = refuse(503, 'unavailable');
    const sender = bench.start();
    await bench.idle();
    fillDisk();
    void bench.add(1);
    await until(() => sender.state.waiting === 1 && sender.state.memoryCount === 1);
    bench.page.dispatchEvent(new Event('pagehide'));
    expect(bench.server.last).toEqual(['event-1']);
    bench.server.answer = stored;
  });
});
