/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import { EventQueue } from '../src/queue';
import { fileName, fileOf } from '../src/saving';
import { makeEvent } from './fakes/sending';

const NOW = new Date(2026, 3, 1, 9, 5);

describe('The file of what waits', () => {
  let queue: EventQueue;

  beforeEach(async () => {
    globalThis.indexedDB = new IDBFactory();
    queue = await EventQueue.open('test');
  });

  afterEach(() => queue.dispose());

  it('holds the events as they are queued, what was refused and what was given up', async () => {
    queue.limits = { count: 2, bytes: 1_000_000 };
    for (const id of [0, 1, 2]) {
      await queue.add(makeEvent(id, 'print("日本語 \ud800")'));
    }
    const [{ key, eventId, body }] = await queue.take(1, 1_000_000);
    const reason = { code: 'invalid', detail: 'no "code"', field: 'code' };
    await queue.reject(key, { ...reason, eventId, rejectedAt: NOW.toISOString(), body });
    const text = await fileOf(await queue.contents(), NOW).text();
    expect(text).toContain(JSON.stringify(makeEvent(2, 'print("日本語 \ud800")')));
    expect(JSON.parse(text)).toEqual({
      format: 'cell-monitor-events',
      exported_at: NOW.toISOString(),
      events: [makeEvent(2, 'print("日本語 \ud800")')],
      rejected: [{ ...reason, rejected_at: NOW.toISOString(), event: JSON.parse(body) }],
      dropped: [
        expect.objectContaining({ reason: 'queue_full', ranges: [[0, 0]], count: 1 }),
        expect.objectContaining({ reason: 'rejected:invalid', ranges: [[1, 1]], count: 1 })
      ],
      dropped_counts: { queue_full: 1, not_kept: 0 }
    });
  });

  it('is valid JSON where nothing waits', async () => {
    const text = await fileOf(await queue.contents(), NOW).text();
    expect(JSON.parse(text)).toMatchObject({ events: [], rejected: [] });
  });

  it.each([
    ['student-01', 'cell-monitor-student-01-2026-04-01-0905.json'],
    ['山田 花子/1', 'cell-monitor-山田-花子-1-2026-04-01-0905.json'],
    ['', 'cell-monitor-2026-04-01-0905.json']
  ])('of %p has a name that says whose it is, and when it was', (user, name) => {
    expect(fileName(user, NOW)).toBe(name);
  });
});
