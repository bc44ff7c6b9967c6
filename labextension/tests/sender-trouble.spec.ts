/** @jest-environment node */
import 'fake-indexeddb/auto';

import { RequestError } from '../src/request';
import { Bench, INTERVAL_MS, range } from './fakes/bench';
import { until } from './fakes/clock';
import { refuse, stored, waitingIn } from './fakes/sending';

describe('Sender in trouble', () => {
  let bench: Bench;

  beforeEach(async () => {
    bench = await Bench.set();
  });

  afterEach(() => bench.dispose());

  it('waits as long as the server asks, and then goes on by itself', async () => {
    bench.server.answer = refuse(503, 'unavailable', 5_000);
    await bench.add(1);
    const sender = bench.start();
    await bench.idle();
    expect(sender.state).toMatchObject({ state: 'waiting', trouble: 'unavailable', waiting: 1 });
    bench.server.answer = stored;
    bench.clock.advance(4_999);
    await bench.idle();
    expect(bench.server.batches).toHaveLength(1);
    bench.clock.advance(1);
    await until(() => sender.state.sentCount === 1);
    await bench.idle();
    expect(sender.state).toMatchObject({ state: 'sent', trouble: null });
  });

  it.each([
    [401, 'not_signed_in', 'signed_out'],
    [403, 'forbidden', 'refused'],
    [404, '', 'no_service'],
    [503, 'no_service', 'no_service']
  ])('keeps everything on a %d %s and says %s', async (status, code, state) => {
    bench.server.answer = refuse(status, code);
    await bench.add(1, 2);
    const sender = bench.start();
    await bench.idle();
    expect(sender.state).toMatchObject({ state, waiting: 2, detail: 'a reason' });
    expect(bench.clock.nextMs).toBeGreaterThanOrEqual(30_000);
  });

  it.each(['focus', 'online'])('asks again at once on %s after a lost login', async name => {
    bench.server.answer = refuse(401, 'not_signed_in');
    await bench.add(1);
    const sender = bench.start();
    await bench.idle();
    bench.server.answer = stored;
    bench.page.dispatchEvent(new Event(name));
    await until(() => sender.state.sentCount === 1);
  });

  it.each([
    [400, 'invalid'],
    [413, 'too_large']
  ])(
    'finds the one event of a batch that a %d is for, and stores its neighbours',
    async (...why) => {
      bench.server.answer = events =>
        events.some(({ eventId }) => eventId === 'event-5') ? refuse(...why)() : stored(events);
      await bench.add(...range(8));
      const sender = bench.start();
      while (sender.state.sentCount < 7 || sender.state.rejectedCount < 1) {
        await bench.idle();
        bench.clock.advance(INTERVAL_MS);
      }
      expect(sender.state.lastRejection?.eventId).toBe('event-5');
      await bench.idle();
      expect(await waitingIn(bench.queue)).toBe(0);
    }
  );

  it('throws nothing away on the word of a stranger, such as a proxy’s 400', async () => {
    bench.server.answer = refuse(400, '');
    await bench.add(1);
    const sender = bench.start();
    await until(() => bench.server.batches.length === 1);
    await bench.idle();
    expect(sender.state).toMatchObject({ waiting: 1, rejectedCount: 0 });
  });

  it('lets nothing wait for an event that breaks the server', async () => {
    bench.server.answer = events =>
      events.some(({ eventId }) => eventId === 'event-0')
        ? refuse(500, 'internal')()
        : stored(events);
    await bench.add(...range(4));
    const sender = bench.start();
    while (sender.state.sentCount < 3) {
      await bench.idle();
      bench.clock.advance(bench.clock.nextMs);
    }
    await bench.idle();
    expect(await waitingIn(bench.queue)).toBe(1);
    expect(sender.state.rejectedCount).toBe(0);
  });

  it('sends at once when somebody asks, whatever the last failure was', async () => {
    bench.server.answer = refuse(503, 'unavailable', 500_000);
    await bench.add(1);
    const sender = bench.start();
    await bench.idle();
    bench.server.answer = stored;
    await sender.flush();
    expect(sender.state).toMatchObject({ state: 'sent', sentCount: 1 });
  });

  it('asks the server who the student is until it answers, and then no more', async () => {
    let isAway = true;
    const sender = bench.start({
      connect: async () => {
        bench.connects += 1;
        if (isAway) {
          throw new RequestError(503, 'no_service', 'nothing here');
        }
        return 'student-01';
      }
    });
    await bench.idle();
    expect(sender.state).toMatchObject({ state: 'no_service', detail: 'nothing here' });
    isAway = false;
    bench.clock.advance(60_000);
    await until(() => sender.state.state === 'sent');
    await bench.idle();
    bench.clock.advance(60_000);
    await bench.idle();
    expect(bench.connects).toBe(2);
  });

  it('goes on after an error that nobody foresaw', async () => {
    bench.server.answer = () => {
      throw new TypeError('a mistake');
    };
    await bench.add(1);
    const sender = bench.start();
    await bench.idle();
    expect(sender.state).toMatchObject({ waiting: 1, trouble: 'unavailable' });
    bench.server.answer = stored;
    bench.clock.advance(60_000);
    await until(() => sender.state.sentCount === 1);
  });

  it.each([-86_400_000, 86_400_000])(
    'waits no longer and no shorter where the clock is put by %d ms',
    async jump => {
      bench.server.answer = refuse(429, 'too_many', 5_000);
      await bench.add(1);
      const sender = bench.start();
      await bench.idle();
      bench.clock.jump = jump;
      bench.server.answer = stored;
      bench.clock.advance(4_999);
      await bench.idle();
      expect(bench.server.batches).toHaveLength(1);
      bench.clock.advance(1);
      await until(() => sender.state.sentCount === 1);
    }
  );

  it('asks who is there after a login was lost, before it sends anything', async () => {
    await bench.add(1);
    bench.server.answer = refuse(401, 'not_signed_in');
    const names = ['student-01', 'student-02'];
    const sender = bench.start({ connect: async () => names[bench.connects++] });
    await bench.idle();
    expect(sender.state.state).toBe('signed_out');
    bench.server.answer = stored;
    await sender.flush();
    expect(sender.state).toMatchObject({ state: 'refused', waiting: 1 });
    expect(bench.server.batches).toHaveLength(1);
  });
});
