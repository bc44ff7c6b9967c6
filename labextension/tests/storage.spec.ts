/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import { EventQueue } from '../src/queue';
import { type BrowserStorage, StorageCare } from '../src/storage';
import { until } from './fakes/clock';

const ROOM = { quota: 50_000_000_000, usage: 0 };

/** A browser that answers as it is told to. */
class FakeStorage implements BrowserStorage {
  asked = 0;
  isPersisted = false;
  grants = true;
  estimate = async (): Promise<StorageEstimate> => ROOM;
  getDirectory = async (): Promise<FileSystemDirectoryHandle> => ({}) as FileSystemDirectoryHandle;
  persisted = async (): Promise<boolean> => this.isPersisted;
  persist = async (): Promise<boolean> => {
    this.asked += 1;
    this.isPersisted = this.grants;
    return this.grants;
  };
}

describe('What waits', () => {
  let queue: EventQueue;
  let storage: FakeStorage;
  let changes: number;

  beforeEach(async () => {
    globalThis.indexedDB = new IDBFactory();
    queue = await EventQueue.open('test');
    storage = new FakeStorage();
    changes = 0;
  });

  afterEach(() => queue.dispose());

  const look = async (of: BrowserStorage | undefined, page = 'page-1'): Promise<StorageCare> => {
    const care = new StorageCare(of, queue.leases, page);
    changes = 0;
    care.changed.connect(() => (changes += 1));
    await until(() => changes === 1);
    return care;
  };

  it('is asked to be kept when something is recorded, and once only', async () => {
    const care = await look(storage);
    expect([storage.asked, care.state.isPersisted]).toEqual([0, false]);
    await Promise.all([care.ask(), care.ask()]);
    await care.ask();
    expect([storage.asked, care.state]).toEqual([1, { isPersisted: true, mayVanish: false }]);
    await (await look(storage, 'page-2')).ask();
    expect(storage.asked).toBe(1);
  });

  it('is asked for again a month later, for a browser may think better of it', async () => {
    storage.grants = false;
    await (await look(storage)).ask();
    const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 31 * 86_400_000);
    await (await look(storage, 'page-2')).ask();
    now.mockRestore();
    expect(storage.asked).toBe(2);
  });

  it('is safe enough for no warning where a browser only makes no promise', async () => {
    storage.grants = false;
    const care = await look(storage);
    await care.ask();
    expect(care.state).toEqual({ isPersisted: false, mayVanish: false });
  });

  it.each<[string, Partial<BrowserStorage>]>([
    ['there is as little room as in a memory', { estimate: async () => ({ quota: 300_000_000 }) }],
    ['a directory is refused', { getDirectory: () => Promise.reject(new Error('SecurityError')) }]
  ])('may vanish where %s', async (_, signs) => {
    expect((await look(Object.assign(storage, signs))).state.mayVanish).toBe(true);
  });

  it('may not vanish where the browser has promised to keep it', async () => {
    storage.isPersisted = true;
    storage.estimate = async () => ({ quota: 1 });
    expect((await look(storage)).state).toEqual({ isPersisted: true, mayVanish: false });
  });

  it.each([undefined, {}])(
    'is nothing to worry about where a browser tells nothing',
    async none => {
      const care = await look(none);
      await care.ask();
      expect(care.state).toEqual({ isPersisted: false, mayVanish: false });
    }
  );
});
