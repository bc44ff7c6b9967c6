/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import { QueueConnection, storedEvent } from '../src/database';
import { Disk, type IWorker } from '../src/disk';
import { type Answer, GroupWriter, type IGroup, type Told } from '../src/groups';
import { until } from './fakes/clock';
import { makeEvent } from './fakes/sending';

const group = (...ids: number[]): IGroup => ({
  events: ids.map(id => storedEvent(makeEvent(id))),
  runs: [],
  forgotten: []
});

/** A worker on the page's own thread. `hold` keeps its answers back. */
class FakeWorker implements IWorker {
  onmessage: ((message: MessageEvent<Answer>) => void) | null = null;
  onerror: ((event: ErrorEvent) => void) | null = null;
  told: Told[] = [];
  isTerminated = false;
  isReady = false;
  isHeld = false;

  postMessage(told: Told): void {
    this.told.push(told);
    if (!this.isHeld) {
      void this._writer.take(structuredClone(told));
    }
  }

  terminate(): void {
    this.isTerminated = true;
  }

  private readonly _writer = new GroupWriter(answer => {
    this.isReady ||= 'isReady' in answer;
    if (!this.isTerminated) {
      this.onmessage?.({ data: answer } as MessageEvent<Answer>);
    }
  });
}

describe('Disk', () => {
  let connection: QueueConnection;
  let worker: FakeWorker;
  let disk: Disk;

  beforeEach(async () => {
    globalThis.indexedDB = new IDBFactory();
    connection = await QueueConnection.open('test');
    worker = new FakeWorker();
    disk = new Disk(connection, () => worker);
  });

  afterEach(() => {
    jest.restoreAllMocks();
    disk.dispose();
    connection.close();
  });

  const kept = (): Promise<string[]> =>
    connection.run(async db => (await db.getAll('events')).map(({ eventId }) => eventId));
  const ready = (): Promise<void> => until(() => worker.isReady);

  it('writes from the page until the worker is ready', async () => {
    expect(await disk.write(group(1))).toEqual([expect.any(Number)]);
    expect(worker.told).toEqual([{ open: 'test' }]);
    expect(await kept()).toEqual(['event-1']);
  });

  it('writes from the page where there is no worker, or none may start', async () => {
    const none = (): never => {
      throw new DOMException('No.', 'SecurityError');
    };
    const warn = jest.spyOn(console, 'warn').mockImplementation();
    for (const alone of [new Disk(connection), new Disk(connection, none)]) {
      expect(await alone.write(group(1, 2))).toHaveLength(2);
      alone.dispose();
    }
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it('hands groups to the worker then, each with the keys that it gives', async () => {
    await ready();
    const written = await Promise.all([disk.write(group(1, 2)), disk.write(group(3))]);
    const [[first]] = written;
    expect(written).toEqual([[first, first + 1], [first + 2]]);
    expect(worker.told).toHaveLength(3);
    expect(await kept()).toEqual(['event-1', 'event-2', 'event-3']);
  });

  it('keeps and forgets open runs with the events of their group', async () => {
    await ready();
    const run = { executionId: 'run-1', path: 'a.ipynb' } as IGroup['runs'][number];
    await disk.write({ ...group(1), runs: [run] });
    expect(await connection.run(db => db.getAllKeys('runs'))).toEqual(['run-1']);
    await disk.write({ ...group(2), forgotten: ['run-1'] });
    expect(await connection.run(db => db.getAllKeys('runs'))).toEqual([]);
  });

  it('says that the disk is full, and goes on with the worker', async () => {
    await ready();
    const add = jest.spyOn(IDBObjectStore.prototype, 'add').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    await expect(disk.write(group(1))).rejects.toMatchObject({ name: 'QuotaExceededError' });
    add.mockRestore();
    await disk.write(group(2));
    expect(worker.told).toHaveLength(3);
  });

  it('writes from the page what a worker without its database was asked for', async () => {
    await ready();
    const open = jest.spyOn(IDBDatabase.prototype, 'transaction').mockImplementationOnce(() => {
      throw new DOMException('closed', 'InvalidStateError');
    });
    await disk.write(group(1));
    open.mockRestore();
    expect(worker.isTerminated).toBe(true);
    await disk.write(group(2));
    expect(await kept()).toEqual(['event-1', 'event-2']);
  });

  it('writes from the page what a worker that broke was asked for', async () => {
    await ready();
    worker.isHeld = true;
    const written = disk.write(group(1));
    worker.onerror?.({} as ErrorEvent);
    await written;
    expect(await kept()).toEqual(['event-1']);
  });

  it('does not wait for ever for a worker that answers no more', async () => {
    await ready();
    worker.isHeld = true;
    const timers = jest.spyOn(globalThis, 'setTimeout');
    const written = disk.write(group(1));
    const [giveUp, afterMs] = timers.mock.calls[0];
    expect(afterMs).toBe(5_000);
    (giveUp as () => void)();
    await written;
    expect(worker.isTerminated).toBe(true);
    expect(await kept()).toEqual(['event-1']);
  });

  it('writes what is not confirmed when the page goes', async () => {
    await ready();
    worker.isHeld = true;
    void disk.write(group(1));
    disk.hurry();
    await until(async () => (await kept()).length === 1);
    expect(await kept()).toEqual(['event-1']);
  });

  it('makes no database of its own where the page’s is gone', async () => {
    const answers: Answer[] = [];
    const writer = new GroupWriter(answer => answers.push(answer));
    await expect(writer.take({ open: 'another' })).rejects.toMatchObject({ name: 'AbortError' });
    await writer.take({ id: 1, group: group(1) });
    expect(answers).toEqual([{ id: 1, error: 'Error', detail: 'There is no database.' }]);
    expect((await indexedDB.databases()).map(({ name }) => name)).toEqual(['test']);
  });
});
