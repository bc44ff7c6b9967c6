/** @jest-environment node */
import { type EventFields, SessionEvents } from '../src/sessions';
import { MemorySink } from './fakes/recording';

const event: EventFields = {
  event_type: 'cell_execution_start',
  notebook_path: 'a.ipynb',
  cell_id: 'cell-1',
  execution_id: 'run-1',
  execution_count: 1,
  code: '1'
};

function makeSession(sink = new MemorySink()): { session: SessionEvents; sink: MemorySink } {
  let count = 0;
  const source = { newId: () => `id-${++count}`, now: () => new Date(0) };
  return { session: new SessionEvents(sink, source), sink };
}

describe('The events of a session', () => {
  it('wait with a bound, and what is too much is reported with its numbers', async () => {
    const { session, sink } = makeSession();
    for (let added = 0; added < 1_021; added++) {
      void session.add(event);
    }
    session.record('student-01', event);
    await session.add(event);
    const seqs = sink.events.map(({ seq }) => seq);
    expect(seqs).toHaveLength(1 + 1_000 + 1);
    expect(seqs.slice(-2)).toEqual([1_000, 1_022]);
    expect(sink.losses).toEqual([
      {
        studentId: 'student-01',
        sessionId: session.id,
        path: 'a.ipynb',
        reason: 'not_kept',
        ranges: [[1_001, 1_021]]
      }
    ]);
  });

  it('count as kept only once they are in the queue', async () => {
    const { session, sink } = makeSession();
    const kept: boolean[] = [];
    const waited = session.add(event).then(isKept => kept.push(isKept));
    await Promise.resolve();
    expect(kept).toEqual([]);
    session.record('student-01', null);
    await waited;
    expect([kept, sink.events.length]).toEqual([[true], 1]);
  });

  it('are forgotten when they are not wanted, and leave no gap', async () => {
    const { session, sink } = makeSession();
    const waited = session.add(event);
    session.ignore();
    expect(await waited).toBe(true);
    await session.add(event);
    session.record('student-01', null);
    await session.add(event);
    expect(sink.events.map(({ seq }) => seq)).toEqual([0]);
  });

  it('go on where the queue could not keep one, and leave its gap', async () => {
    const sink = new MemorySink();
    const warned = jest.spyOn(console, 'warn').mockImplementation(() => undefined);
    const add = jest.spyOn(sink, 'add').mockRejectedValueOnce(new Error('disk full'));
    const { session } = makeSession(sink);
    session.record('student-01', null);
    expect([await session.add(event), await session.add(event)]).toEqual([false, true]);
    expect(sink.events.map(({ seq }) => seq)).toEqual([1]);
    expect(warned).toHaveBeenCalledTimes(1);
    [warned, add].forEach(spy => spy.mockRestore());
  });
});
