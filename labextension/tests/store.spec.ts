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

/** What the next page would find; it leaves it there. */
async function kept(): Promise<string[]> {
  const other = await RecorderStore.open('test');
  const adopted = await other.adoptRuns('page-2', new Set());
  adopted.forEach(found => void other.putRun({ ...found, page: 'page-1' }));
  await other.flush();
  other.dispose();
  return adopted.map(found => found.executionId);
}

describe('The open runs of a page', () => {
  let store: RecorderStore;

  beforeEach(async () => {
    globalThis.indexedDB = new IDBFactory();
    store = await RecorderStore.open('test');
  });

  it('are kept at once when they have begun', async () => {
    await store.putRun({ ...run('first'), start: { executionCount: 1, startedAt: null } });
    expect(await kept()).toEqual(['first']);
  });

  it('are kept by themselves in a moment before', async () => {
    void store.putRun(run('first'));
    let found: string[] = [];
    while (found.length === 0) {
      found = await kept();
    }
    expect(found).toEqual(['first']);
  });

  it('are not written where they end before', async () => {
    void store.putRun(run('first'));
    store.forgetRun('first');
    await store.flush();
    expect(await kept()).toEqual([]);
  });

  it('are forgotten with the next that is written', async () => {
    void store.putRun(run('first'));
    await store.flush();
    expect(await kept()).toEqual(['first']);
    store.forgetRun('first');
    void store.putRun(run('second'));
    await store.flush();
    expect(await kept()).toEqual(['second']);
  });

  it('that an earlier page left are forgotten when they end', async () => {
    void store.putRun(run('first'));
    await store.flush();
    const next = await RecorderStore.open('test');
    await next.adoptRuns('page-2', new Set());
    next.forgetRun('first');
    await next.flush();
    expect(await kept()).toEqual([]);
  });

  it('are written when the page goes', async () => {
    const page = new EventTarget();
    const { addEventListener, removeEventListener } = globalThis;
    Object.assign(globalThis, {
      addEventListener: page.addEventListener.bind(page),
      removeEventListener: page.removeEventListener.bind(page)
    });
    const going = await RecorderStore.open('test');
    void going.putRun(run('first'));
    page.dispatchEvent(new Event('pagehide'));
    expect(await kept()).toEqual(['first']);
    going.dispose();
    Object.assign(globalThis, { addEventListener, removeEventListener });
  });

  it('say so where the browser cannot keep them', async () => {
    store.dispose();
    void store.putRun(run('first'));
    await expect(store.flush()).rejects.toThrow();
  });
});
