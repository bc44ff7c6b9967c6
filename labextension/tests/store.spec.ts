/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import { RecorderStore } from '../src/store';
import { me } from './fakes/recording';

describe('What the recorder keeps', () => {
  let store: RecorderStore;

  beforeEach(async () => {
    globalThis.indexedDB = new IDBFactory();
    store = await RecorderStore.open('test');
  });

  afterEach(() => store.dispose());

  it('is there for the next page, and a choice that is taken back is not', async () => {
    await store.putChoice('a.ipynb', 'class-1');
    await store.putChoice('b.ipynb', 'class-1');
    await store.putChoice('b.ipynb', null);
    await store.putFiled('c.ipynb', 'class-2');
    const next = await RecorderStore.open('test');
    expect(await next.read()).toEqual({
      choices: new Map([['a.ipynb', 'class-1']]),
      filed: new Map([['c.ipynb', 'class-2']]),
      me: undefined
    });
    next.dispose();
  });

  it('goes on after the browser has cleared its data', async () => {
    const { _db } = (store as unknown as { _connection: { _db: IDBDatabase } })._connection;
    _db.close();
    await new Promise(resolve => (indexedDB.deleteDatabase(_db.name).onsuccess = resolve));
    await store.putChoice('a.ipynb', 'class-1');
    expect([...(await store.read()).choices]).toEqual([['a.ipynb', 'class-1']]);
  });

  it('is read also where the browser has closed it', async () => {
    await store.putMe(me);
    (store as unknown as { _connection: { _db: IDBDatabase } })._connection._db.close();
    expect((await store.read()).me).toEqual(me);
  });

  it('says so where it cannot be read', async () => {
    const { get } = IDBObjectStore.prototype;
    const broken = jest.spyOn(IDBObjectStore.prototype, 'get');
    broken.mockImplementation(function (this: IDBObjectStore, key) {
      const asked = get.call(this, key);
      this.transaction.abort();
      return asked;
    });
    await expect(store.read()).rejects.toBeDefined();
    broken.mockRestore();
  });
});
