/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import { type IStoredRun, RecorderStore } from '../src/store';

const run = (executionId: string): IStoredRun => ({
  executionId,
  endEventId: `${executionId}-end`,
  msgId: executionId,
  kernelId: 'kernel-1',
  path: 'a.ipynb',
  cellId: 'cell-1',
  code: 'x',
  codeIsCut: false,
  start: null,
  page: 'page-1',
  isSure: true
});

async function keptIn(store: RecorderStore): Promise<string[]> {
  const other = await RecorderStore.open('test');
  const runs = await other.adoptRuns('page-1', new Set());
  expect(runs).toEqual([]);
  const adopted = await other.adoptRuns('page-2', new Set());
  other.dispose();
  await Promise.all(adopted.map(kept => store.putRun({ ...kept, page: 'page-1' })));
  return adopted.map(kept => kept.executionId);
}

describe('The open runs of a page', () => {
  let store: RecorderStore;

  beforeEach(async () => {
    globalThis.indexedDB = new IDBFactory();
    store = await RecorderStore.open('test');
  });

  it('are kept at once, and forgotten with the next that begins', async () => {
    await store.putRun(run('first'));
    store.forgetRun('first');
    expect(await keptIn(store)).toEqual(['first']);
    store.forgetRun('first');
    await store.putRun(run('second'));
    expect(await keptIn(store)).toEqual(['second']);
  });

  it('are forgotten when the page goes', async () => {
    const page = new EventTarget();
    const { addEventListener, removeEventListener } = globalThis;
    Object.assign(globalThis, {
      addEventListener: page.addEventListener.bind(page),
      removeEventListener: page.removeEventListener.bind(page)
    });
    const open = await RecorderStore.open('test');
    await open.putRun(run('first'));
    open.forgetRun('first');
    page.dispatchEvent(new Event('pagehide'));
    expect(await keptIn(store)).toEqual([]);
    open.dispose();
    Object.assign(globalThis, { addEventListener, removeEventListener });
  });

  it('say so where the browser cannot keep them', async () => {
    store.dispose();
    await expect(store.putRun(run('first'))).rejects.toThrow();
  });

  it('are written to the disk, and so are the classes of notebooks', async () => {
    const transaction = jest.spyOn(IDBDatabase.prototype, 'transaction');
    await store.putRun(run('first'));
    await store.putChoice('a.ipynb', 'python-intro');
    await store.putFiled('a.ipynb', 'python-intro');
    const modes = transaction.mock.calls.map(([name, , options]) => [name, options?.durability]);
    transaction.mockRestore();
    expect(modes).toEqual([
      ['runs', 'strict'],
      ['choices', 'strict'],
      ['filed', 'strict']
    ]);
    expect(await store.choices()).toEqual(new Map([['a.ipynb', 'python-intro']]));
    await store.putChoice('a.ipynb', null);
    expect(await store.choices()).toEqual(new Map());
  });
});
