/** @jest-environment node */
import 'fake-indexeddb/auto';

import { chooseTurns } from '../src/turns';
import { Bench, INTERVAL_MS, range } from './fakes/bench';
import { until } from './fakes/clock';
import { refuse, stored, waitingIn } from './fakes/sending';

const START_MS = Date.UTC(2026, 3, 1, 9);

describe('Several tabs', () => {
  let bench: Bench;

  beforeEach(async () => {
    bench = await Bench.set();
  });

  afterEach(() => bench.dispose());

  it('sends each event from one of several tabs only', async () => {
    let running = 0;
    let most = 0;
    bench.server.answer = async events => {
      most = Math.max(most, ++running);
      await new Promise(resolve => setImmediate(resolve));
      running -= 1;
      return stored(events);
    };
    const [first, second] = await bench.startTwo();
    await bench.add(...range(300));
    while ((await waitingIn(bench.queue)) > 0) {
      bench.clock.advance(INTERVAL_MS);
      await new Promise(resolve => setImmediate(resolve));
    }
    await until(() => first.state.sentCount + second.state.sentCount === 300);
    expect(most).toBe(1);
    expect(bench.server.batches.flat()).toHaveLength(300);
  });

  it('tells the other tabs how it stands', async () => {
    bench.server.answer = refuse(401, 'not_signed_in');
    const [first, second] = await bench.startTwo();
    await bench.add(1);
    await until(() => [first, second].every(({ state }) => state.state === 'signed_out'));
    bench.server.answer = stored;
    await first.flush();
    await until(() => [first, second].every(({ state }) => state.state === 'sent'));
    expect(bench.server.batches).toHaveLength(2);
  });

  it('asks a server that is away from one tab only, and not before its time', async () => {
    const [first, second] = await bench.startTwo();
    bench.server.answer = refuse(503, 'unavailable', 60_000);
    await bench.add(1);
    await until(() => [first, second].every(({ state }) => state.trouble === 'unavailable'));
    await bench.idle();
    bench.clock.advance(59_999);
    await bench.idle();
    expect(bench.server.batches).toHaveLength(1);
  });

  it('goes on within a lease’s time where a tab has died with its turn', async () => {
    await bench.queue.leases.take('send', 'dead', bench.clock.now(), bench.clock.now() + 45_000);
    await bench.add(1);
    const sender = bench.start();
    bench.clock.advance(44_000);
    expect(bench.server.batches).toEqual([]);
    while (sender.state.sentCount === 0 && bench.clock.time < START_MS + 46_000) {
      await until(() => bench.clock.sleepers > 0 || sender.state.sentCount > 0);
      bench.clock.advance(INTERVAL_MS);
    }
    await until(() => sender.state.sentCount === 1);
  });

  it('goes on at once where the clock was put back during another tab’s turn', async () => {
    await bench.queue.leases.take('send', 'dead', bench.clock.now(), bench.clock.now() + 45_000);
    bench.clock.jump = -86_400_000;
    await bench.add(1);
    const sender = bench.start();
    await until(() => sender.state.sentCount === 1);
  });

  it('leaves a turn alone that another tab took while this one was frozen', async () => {
    const turns = chooseTurns(bench.queue, bench.clock, undefined);
    const { signal } = new AbortController();
    await turns.inTurn(async () => {
      bench.clock.advance(50_000);
      const now = bench.clock.now();
      expect(await bench.queue.leases.take('send', 'other', now, now + 45_000)).toBe(true);
    }, signal);
    const now = bench.clock.now();
    expect(await bench.queue.leases.take('send', 'third', now, now + 45_000)).toBe(false);
  });

  it('keeps its turn through a long round, for it prolongs it before each request', async () => {
    const turns = chooseTurns(bench.queue, bench.clock, undefined);
    const { signal } = new AbortController();
    await turns.inTurn(async prolong => {
      bench.clock.advance(40_000);
      await prolong();
      bench.clock.advance(40_000);
      const now = bench.clock.now();
      expect(await bench.queue.leases.take('send', 'other', now, now + 45_000)).toBe(false);
    }, signal);
  });

  it('takes its turn by a lock where the browser has locks', async () => {
    const asked: string[] = [];
    const locks = {
      request: async (name: string, _: object, work: () => Promise<void>) => {
        asked.push(name);
        await work();
      }
    };
    const turns = chooseTurns(bench.queue, bench.clock, locks as unknown as LockManager);
    let isDone = false;
    await turns.inTurn(async () => void (isDone = true), new AbortController().signal);
    expect([asked, isDone]).toEqual([['test:send'], true]);
  });
});
