/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import { RecorderStore } from '../src/store';

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
    expect([...(await next.choices())]).toEqual([['a.ipynb', 'class-1']]);
    expect([...(await next.filed())]).toEqual([['c.ipynb', 'class-2']]);
    next.dispose();
  });

  it('goes on after the browser has cleared its data', async () => {
    const { _db } = (store as unknown as { _connection: { _db: IDBDatabase } })._connection;
    _db.close();
    await new Promise(resolve => (indexedDB.deleteDatabase(_db.name).onsuccess = resolve));
    await store.putChoice('a.ipynb', 'class-1');
    expect([...(await store.choices())]).toEqual([['a.ipynb', 'class-1']]);
  });
});
