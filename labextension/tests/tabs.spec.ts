/** @jest-environment node */
import 'fake-indexeddb/auto';

import { Bench, INTERVAL_MS, range } from './fakes/bench';
import { until } from './fakes/clock';
import { refuse, stored } from './fakes/sending';

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
    while ((await bench.queue.count()) > 0) {
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
});
