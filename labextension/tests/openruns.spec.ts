/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import type { IStoredRun } from '../src/database';
import { EventQueue } from '../src/queue';
import { until } from './fakes/clock';
import { fillDisk } from './fakes/disk';
import { makeEnd, makeEvent, openRun } from './fakes/sending';

const begun = (id: string): IStoredRun => ({
  ...openRun(id),
  start: { executionCount: 1, startedAt: null }
});

afterEach(() => jest.restoreAllMocks());

describe('An open run on a full disk', () => {
  let queue: EventQueue;

  beforeEach(async () => {
    globalThis.indexedDB = new IDBFactory();
    queue = await EventQueue.open('test');
  });

  afterEach(() => queue.dispose());

  const left = async (): Promise<string[]> => {
    const next = await EventQueue.open('test');
    const runs = await next.runs.adoptRuns('page-2', new Set(['page-1']));
    next.dispose();
    return runs.map(({ executionId }) => executionId);
  };

  it('is closed once: forgotten when its end has gone from memory to the service', async () => {
    queue.runs.putRun(begun('run-1'));
    await queue.add(makeEvent(1));
    const disk = fillDisk();
    const ended = queue.add(makeEnd(2, 'run-1')).then(() => queue.runs.forgetRun('run-1'));
    await until(() => queue.memoryCount === 1);
    const batch = await queue.take(99, 1_000_000);
    await queue.remove(batch.map(({ key }) => key));
    await ended;
    disk.empty();
    await queue.add(makeEvent(3));
    expect(await left()).toEqual([]);
  });

  it('is kept for the next page as soon as there is room', async () => {
    const disk = fillDisk();
    queue.runs.putRun(begun('run-1'));
    void queue.add(makeEvent(1));
    await until(() => queue.memoryCount === 1);
    disk.empty();
    await queue.take(99, 1_000_000);
    expect(await left()).toEqual(['run-1']);
  });

  describe('is written as it is by then, also where two writings overlap:', () => {
    beforeEach(() => Object.assign(globalThis, { document: { hidden: true } }));
    afterEach(() => delete (globalThis as { document?: unknown }).document);

    const begunRuns = async (): Promise<[string, boolean][]> => {
      const next = await EventQueue.open('test');
      const runs = await next.runs.adoptRuns('page-2', new Set(['page-1']));
      next.dispose();
      return runs.map(({ executionId, start }) => [executionId, start !== null]);
    };

    it('both fail', async () => {
      const disk = fillDisk();
      queue.runs.putRun(openRun('run-1'));
      queue.runs.putRun(begun('run-1'));
      await queue.contents();
      disk.empty();
      await queue.retry();
      expect(await begunRuns()).toEqual([['run-1', true]]);
    });

    it('the first fails', async () => {
      const disk = fillDisk();
      queue.runs.putRun(openRun('run-1'));
      disk.empty();
      queue.runs.putRun(begun('run-1'));
      await queue.contents();
      await queue.retry();
      expect(await begunRuns()).toEqual([['run-1', true]]);
    });

    it('its end comes meanwhile, and is in memory alone', async () => {
      const disk = fillDisk();
      queue.runs.putRun(begun('run-1'));
      void queue.add(makeEvent(1));
      void queue.add(makeEnd(2, 'run-1'));
      await until(() => queue.memoryCount === 2);
      await queue.contents();
      disk.empty();
      await queue.runs.adoptRuns('page-1', new Set());
      await queue.retry();
      expect((await begunRuns()).map(([id]) => id)).toEqual(['run-1']);
    });

    it('its end comes meanwhile, and is on the disk', async () => {
      const disk = fillDisk();
      queue.runs.putRun(begun('run-1'));
      disk.empty();
      await queue.add(makeEnd(2, 'run-1'));
      await queue.contents();
      await queue.retry();
      await queue.add(makeEvent(3));
      expect(await begunRuns()).toEqual([]);
    });
  });

  it('is adopted by the next page, which writes down that it has it when there is room', async () => {
    queue.runs.putRun(begun('run-1'));
    await queue.add(makeEvent(1));
    const next = await EventQueue.open('test');
    const disk = fillDisk();
    const adopted = await next.runs.adoptRuns('page-2', new Set(['page-1']));
    expect(adopted.map(({ executionId }) => executionId)).toEqual(['run-1']);
    disk.empty();
    await next.retry();
    next.dispose();
    const third = await EventQueue.open('test');
    expect(await third.runs.adoptRuns('page-3', new Set(['page-1']))).toEqual([]);
    third.dispose();
  });

  it('that is over leaves the disk although nothing new fits there', async () => {
    queue.runs.putRun(begun('run-1'));
    await queue.add(makeEvent(1));
    const disk = fillDisk();
    queue.runs.forgetRun('run-1');
    queue.runs.putRun(begun('run-2'));
    void queue.add(makeEvent(2));
    await until(() => queue.memoryCount === 1);
    disk.empty();
    expect(await left()).toEqual([]);
  });
});
