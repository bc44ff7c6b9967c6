/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import { type IStoredRun, QueueConnection, storedEvent } from '../src/database';
import { Disk } from '../src/disk';
import { type IWritten, Journal } from '../src/journal';
import { fillDisk } from './fakes/disk';
import { makeEnd, makeEvent, openRun } from './fakes/sending';

const begun = (executionId: string): IStoredRun => ({
  ...openRun(executionId),
  start: { executionCount: 1, startedAt: null }
});

const noRoom = async (): Promise<void> => undefined;
const full = new DOMException('The disk is full.', 'QuotaExceededError');

/** What the database holds: the events' ids, and the open runs. */
async function kept(): Promise<{ events: string[]; runs: string[] }> {
  const connection = await QueueConnection.open('test');
  const found = await connection.run(async db => ({
    events: (await db.getAll('events')).map(({ eventId }) => eventId),
    runs: await db.getAllKeys('runs')
  }));
  connection.close();
  return found;
}

describe('Journal', () => {
  let connection: QueueConnection;
  let journal: Journal;
  let written: IWritten[];
  let transactions: jest.SpyInstance;

  beforeEach(async () => {
    globalThis.indexedDB = new IDBFactory();
    connection = await QueueConnection.open('test');
    journal = new Journal(connection, new Disk(connection), noRoom);
    written = [];
    journal.written.connect((_, each) => written.push(each));
    transactions = jest.spyOn(IDBDatabase.prototype, 'transaction');
  });

  afterEach(() => {
    jest.restoreAllMocks();
    void journal.close();
    connection.close();
  });

  const start = (id: string): Promise<number> => journal.add(storedEvent(makeEvent(id)));
  const end = (id: number, runId: string): Promise<number> =>
    journal.add(storedEvent(makeEnd(id, runId)));
  const count = (): number => transactions.mock.calls.length;

  it('writes a quick run’s start and end in one transaction, and no open run', async () => {
    journal.putRun(openRun('run-a'));
    journal.putRun(begun('run-a'));
    await Promise.all([start('a'), end(2, 'run-a')]);
    expect(count()).toBe(1);
    expect(transactions).toHaveBeenCalledWith(['events'], 'readwrite', { durability: 'strict' });
    expect(await kept()).toEqual({ events: ['event-a', 'event-2'], runs: [] });
    expect(written).toHaveLength(1);
  });

  it('writes a start by itself in a moment, together with its open run', async () => {
    journal.putRun(begun('run-a'));
    await start('a');
    expect(count()).toBe(1);
    expect(await kept()).toEqual({ events: ['event-a'], runs: ['run-a'] });
  });

  it('takes an open run away in the transaction that brings its end', async () => {
    journal.putRun(begun('run-a'));
    await start('a');
    await end(2, 'run-a');
    expect(count()).toBe(2);
    expect(await kept()).toEqual({ events: ['event-a', 'event-2'], runs: [] });
  });

  it('writes the last end at once, and gathers where more is open', async () => {
    const timers = jest.spyOn(globalThis, 'setTimeout');
    journal.putRun(begun('run-a'));
    journal.putRun(openRun('run-b'));
    const first = end(1, 'run-a');
    expect(count()).toBe(0);
    const last = end(2, 'run-b');
    expect(count()).toBe(1);
    await Promise.all([first, last]);
    expect(timers).toHaveBeenCalled();
  });

  it('says whether more cells wait for the kernel', async () => {
    journal.putRun(begun('run-a'));
    journal.putRun(openRun('run-b'));
    await start('a');
    journal.putRun(begun('run-b'));
    await start('b');
    expect(written.map(({ isMoreToCome }) => isMoreToCome)).toEqual([true, false]);
  });

  it('keeps a request that does not begin, for the next page', async () => {
    journal.putRun(openRun('run-a'));
    let runs: string[] = [];
    while (runs.length === 0) {
      ({ runs } = await kept());
    }
    expect(runs).toEqual(['run-a']);
  });

  it('forgets a run that was none with the next that is written', async () => {
    journal.putRun(openRun('run-a'));
    await journal.flush();
    journal.forgetRun('run-a');
    journal.putRun(openRun('run-b'));
    await journal.flush();
    expect((await kept()).runs).toEqual(['run-b']);
  });

  it('hands the runs of dead pages over, and forgets them when they end', async () => {
    journal.putRun(openRun('run-a'));
    await journal.flush();
    const next = new Journal(connection, new Disk(connection), noRoom);
    expect(await next.adoptRuns('page-2', new Set(['page-3']))).toEqual([]);
    const [adopted] = await next.adoptRuns('page-2', new Set(['page-1']));
    expect(adopted).toEqual({ ...openRun('run-a'), page: 'page-2' });
    await next.add(storedEvent(makeEnd(1, 'run-a')));
    expect(await kept()).toEqual({ events: ['event-1'], runs: [] });
    await next.close();
  });

  it('writes what waits when the page goes', async () => {
    const page = new EventTarget();
    const { addEventListener, removeEventListener } = globalThis;
    Object.assign(globalThis, {
      addEventListener: page.addEventListener.bind(page),
      removeEventListener: page.removeEventListener.bind(page)
    });
    const going = new Journal(connection, new Disk(connection), noRoom);
    const added = going.add(storedEvent(makeEvent(1)));
    expect(going.unwritten.map(({ eventId }) => eventId)).toEqual(['event-1']);
    page.dispatchEvent(new Event('pagehide'));
    expect(count()).toBe(1);
    await added;
    expect(going.unwritten).toEqual([]);
    await going.close();
    Object.assign(globalThis, { addEventListener, removeEventListener });
  });

  it('does not gather in a hidden page, whose timers are late', () => {
    Object.assign(globalThis, { document: { hidden: true } });
    void start('a');
    delete (globalThis as { document?: unknown }).document;
    expect(count()).toBe(1);
  });

  it('keeps what it can where one of several cannot be kept, and leaves that run open', async () => {
    journal.putRun(begun('run-a'));
    await start('a');
    fillDisk('QuotaExceededError', 'event-2');
    const results = await Promise.allSettled([start('b'), end(2, 'run-a'), start('c')]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await kept()).toEqual({ events: ['event-a', 'event-b', 'event-c'], runs: ['run-a'] });
    expect(journal.unwritten).toEqual([]);
  });

  it('keeps a quick run open where its start is kept and its end is lost', async () => {
    fillDisk('QuotaExceededError', 'event-2');
    journal.putRun(openRun('run-a'));
    journal.putRun(begun('run-a'));
    const results = await Promise.allSettled([start('a'), end(2, 'run-a')]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await journal.flush();
    expect(await kept()).toEqual({ events: ['event-a'], runs: ['run-a'] });
  });

  it('makes room once where the disk is full', async () => {
    const asked: number[] = [];
    const other = new Journal(
      connection,
      new Disk(connection),
      async bytes => void asked.push(bytes)
    );
    const spy = jest.spyOn(IDBObjectStore.prototype, 'add').mockImplementation(() => {
      if (asked.length > 0) {
        spy.mockRestore();
      }
      throw full;
    });
    const value = storedEvent(makeEvent(1));
    await expect(other.add(value)).rejects.toThrow('full');
    expect(asked).toEqual([2 * value.bytes]);
    await other.close();
  });
});
