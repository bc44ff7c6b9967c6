/** @jest-environment node */
import 'fake-indexeddb/auto';

import { Bench, INTERVAL_MS, range } from './fakes/bench';
import { until } from './fakes/clock';
import { refuse, stored } from './fakes/sending';

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
    expect(await bench.queue.count()).toBe(0);
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

  it('shows a rejected event and does not send it again', async () => {
    bench.server.answer = events =>
      events.map(({ eventId }) => ({
        event_id: eventId,
        status: 'rejected',
        code: 'invalid',
        detail: 'too long',
        field: 'code'
      }));
    await bench.add(1);
    const sender = bench.start();
    await until(() => sender.state.rejectedCount === 1);
    await bench.idle();
    expect(sender.state.waiting).toBe(0);
    expect(sender.state.lastRejection).toMatchObject({ code: 'invalid', detail: 'too long' });
    bench.clock.advance(60_000);
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
    expect(await bench.queue.count()).toBe(1);
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
    expect(await bench.queue.count()).toBe(1);
  });
});
