/** @jest-environment node */
import 'fake-indexeddb/auto';

import { Bench, INTERVAL_MS, range } from './fakes/bench';
import { until } from './fakes/clock';
import { makeEnd, makeEvent, openRun, refuse, stored, waitingIn } from './fakes/sending';

describe('Sender', () => {
  let bench: Bench;

  beforeEach(async () => {
    bench = await Bench.set();
  });

  afterEach(() => bench.dispose());

  it('sends the first event after a pause without any wait', async () => {
    const sender = bench.start();
    await bench.idle();
    bench.clock.advance(1_000);
    await bench.add(1);
    await until(() => sender.state.sentCount === 1);
    expect(bench.server.batches).toEqual([['event-1']]);
    await bench.idle();
    expect(sender.state).toMatchObject({ state: 'sent', waiting: 0 });
    expect(sender.state.lastContact).toEqual(new Date(bench.clock.now()));
  });

  it('sends what follows within the interval as one batch', async () => {
    bench.start();
    await bench.idle();
    bench.clock.advance(1_000);
    await bench.add(1);
    await until(() => bench.server.batches.length === 1);
    await bench.idle();
    await bench.add(2, 3, 4);
    await bench.idle();
    expect(bench.server.batches).toHaveLength(1);
    bench.clock.advance(INTERVAL_MS);
    await until(() => bench.server.batches.length === 2);
    expect(bench.server.batches[1]).toEqual(['event-2', 'event-3', 'event-4']);
  });

  it('sends all of "Run All" as one batch where the kernel is quick', async () => {
    const sender = bench.start();
    await bench.idle();
    bench.clock.advance(1_000);
    const { queue } = bench;
    [1, 2].forEach(id => queue.runs.putRun(openRun(`run-${id}`)));
    queue.runs.putRun({ ...openRun('run-1'), start: { executionCount: 1, startedAt: null } });
    await bench.add(1);
    await bench.idle();
    expect(bench.server.batches).toEqual([]);
    queue.runs.putRun({ ...openRun('run-2'), start: { executionCount: 2, startedAt: null } });
    await Promise.all(
      [makeEnd(3, 'run-1'), makeEvent(2), makeEnd(4, 'run-2')].map(e => queue.add(e))
    );
    await until(() => sender.state.sentCount === 4);
    expect(bench.server.batches).toHaveLength(1);
  });

  it('sends what is not on the disk yet when the page goes', async () => {
    bench.start();
    await bench.idle();
    const added = bench.add(1);
    bench.page.dispatchEvent(new Event('pagehide'));
    expect(bench.server.last).toEqual(['event-1']);
    await added;
  });

  it('never puts more than a hundred events into a batch', async () => {
    await bench.add(...range(250));
    const sender = bench.start();
    while (sender.state.sentCount < 250) {
      await bench.idle();
      bench.clock.advance(INTERVAL_MS);
    }
    expect(bench.server.batches.map(({ length }) => length)).toEqual([100, 100, 50]);
  });

  it('sends what a closed tab left', async () => {
    await bench.add(1, 2);
    const sender = bench.start();
    await until(() => sender.state.sentCount === 2);
    await bench.idle();
    expect(await waitingIn(bench.queue)).toBe(0);
  });

  it('deletes an event only on the word of its own result', async () => {
    bench.server.answer = events =>
      events.map(({ eventId }) => ({
        event_id: eventId,
        status: eventId === 'event-2' ? 'retry' : 'stored'
      }));
    await bench.add(1, 2, 3);
    const sender = bench.start();
    await bench.idle();
    expect(sender.state).toMatchObject({ state: 'waiting', waiting: 1, sentCount: 2 });
    bench.server.answer = stored;
    bench.clock.advance(5_000);
    await until(() => sender.state.sentCount === 3);
  });

  it('shows a rejected event, does not send it again, and reports it', async () => {
    bench.server.answer = events =>
      events.map(({ eventId }) =>
        eventId === 'event-1'
          ? {
              event_id: eventId,
              status: 'rejected',
              code: 'invalid',
              detail: 'too long',
              field: 'code'
            }
          : { event_id: eventId, status: 'stored' }
      );
    await bench.add(1);
    const sender = bench.start();
    await until(() => sender.state.rejectedCount === 1);
    await bench.idle();
    expect(sender.state.lastRejection).toMatchObject({ code: 'invalid', detail: 'too long' });
    bench.clock.advance(INTERVAL_MS);
    await until(() => sender.state.sentCount === 1);
    await bench.idle();
    expect(sender.state.waiting).toBe(0);
    expect(bench.server.batches).toEqual([['event-1'], [expect.not.stringContaining('event-1')]]);
  });

  it('sends no event of another student, nor deletes it', async () => {
    await bench.queue.add({ ...makeEvent(1), student_id: 'student-02' });
    await bench.add(2);
    const sender = bench.start();
    await until(() => sender.state.sentCount === 1);
    await bench.idle();
    expect(bench.server.batches).toEqual([['event-2']]);
    expect(sender.state).toMatchObject({ state: 'refused', waiting: 1 });
    expect(await waitingIn(bench.queue)).toBe(1);
  });

  it('counts what was sent today by all tabs and page loads', async () => {
    await bench.add(1, 2);
    const first = bench.start();
    await until(() => first.state.sentToday === 2);
    first.dispose();
    const second = bench.start();
    await until(() => second.state.sentToday === 2);
    expect(second.state.sentCount).toBe(0);
    bench.clock.advance(86_400_000);
    await bench.add(3);
    bench.clock.advance(INTERVAL_MS);
    await until(() => second.state.sentCount === 1 && second.state.sentToday === 1);
  });

  it('sends at once what the service lacks the contents of', async () => {
    let answers = 0;
    bench.server.answer = events =>
      answers++ === 0
        ? [{ event_id: 'event-1', status: 'retry', code: 'content_needed' }]
        : stored(events);
    await bench.add(1);
    const sender = bench.start();
    await until(() => sender.state.sentCount === 1);
    expect(bench.server.batches).toEqual([['event-1'], ['event-1']]);
  });

  it('comes to rest where what the service lacks is gone', async () => {
    bench.server.answer = async events => {
      await bench.queue.remove((await bench.queue.take(9, 1_000)).map(({ key }) => key));
      return events.map(({ eventId }) => ({
        event_id: eventId,
        status: 'retry',
        code: 'content_needed'
      }));
    };
    await bench.add(1);
    bench.start();
    await until(() => bench.server.batches.length === 1);
    await bench.idle();
    expect(bench.server.batches).toHaveLength(1);
  });

  it('lets nothing wait behind what belongs to another student, and keeps it', async () => {
    bench.server.answer = events =>
      events.map(({ eventId }) =>
        eventId === 'event-1'
          ? { event_id: eventId, status: 'rejected', code: 'wrong_student', detail: 'not you' }
          : { event_id: eventId, status: 'stored' }
      );
    await bench.add(1);
    const sender = bench.start();
    await bench.idle();
    expect(sender.state).toMatchObject({ state: 'refused', waiting: 1, detail: 'not you' });
    bench.clock.advance(1_000);
    await bench.add(2);
    await until(() => sender.state.sentCount === 1);
    expect(await waitingIn(bench.queue)).toBe(1);
  });

  it('hands over what is not sent yet when the page goes', async () => {
    const sender = bench.start();
    await bench.idle();
    bench.server.answer = refuse(503, 'unavailable');
    bench.clock.advance(1_000);
    await bench.add(1, 2);
    await until(() => sender.state.trouble === 'unavailable');
    bench.page.dispatchEvent(new Event('pagehide'));
    expect(bench.server.last.sort()).toEqual(['event-1', 'event-2']);
  });

  it('sends nothing any more when it is disposed', async () => {
    const sender = bench.start();
    await bench.idle();
    sender.dispose();
    await bench.add(1);
    await until(() => bench.clock.sleepers === 0);
    bench.clock.advance(60_000);
    expect(bench.server.batches).toEqual([]);
    expect(await waitingIn(bench.queue)).toBe(1);
  });
});
