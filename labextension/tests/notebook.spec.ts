/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import type { CellExecutionComplete, NotebookOpened } from '../src/contract';
import { FakeKernel } from './fakes/notebook';
import { cells, Page, PATH, settled } from './fakes/recording';

const START = 'cell_execution_start';
const COMPLETE = 'cell_execution_complete';

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

describe('A notebook', () => {
  it('numbers its events from 0 without a gap, and opens before all', async () => {
    const page = await Page.load();
    const { kernel } = await page.open();
    kernel.run('cell-1');
    expect(page.sink.events.map(event => event.seq)).toEqual([0, 1, 2]);
    expect(page.sink.types[0]).toBe('notebook_opened');
    expect(new Set(page.sink.events.map(event => event.session_id)).size).toBe(1);
  });

  it('has its own session beside another one, also with a kernel that both share', async () => {
    const page = await Page.load();
    const first = await page.open();
    const shared = new FakeKernel('kernel-1');
    const second = await page.open(shared, PATH.replace('variables.ipynb', 'lists.ipynb'));
    first.kernel.input(first.kernel.request('cell-1'));
    shared.run('cell-1');
    const ended = page.runEvents.filter(event => event.event_type === COMPLETE);
    expect(ended.map(event => event.notebook_path)).toEqual([second.context.localPath]);
    expect(new Set(page.sink.events.map(event => event.session_id)).size).toBe(2);
  });

  it('with two views is recorded once', async () => {
    const page = await Page.load();
    const { kernel, context } = await page.open();
    page.tracker.open(context);
    await settled();
    kernel.run('cell-1');
    expect(page.sink.types).toEqual(['notebook_opened', START, COMPLETE]);
  });

  it('that is renamed in mid-run tells so, and its run ends under the new path', async () => {
    const page = await Page.load();
    const { kernel, context } = await page.open();
    const id = kernel.request('cell-1');
    kernel.input(id);
    const renamed = PATH.replace('variables.ipynb', 'mine.ipynb');
    context.rename(renamed);
    kernel.reply(id);
    kernel.idle(id);
    const [, , opened, end] = page.sink.events as [
      unknown,
      unknown,
      NotebookOpened,
      CellExecutionComplete
    ];
    expect([opened.notebook_path, opened.renamed_from]).toEqual([renamed, PATH]);
    expect([end.notebook_path, end.cell_id]).toEqual([renamed, 'cell-1']);
    expect(opened.session_id).toBe((page.sink.events[0] as NotebookOpened).session_id);
  });

  it('lists its cells again a second after they changed, not at each key', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] });
    try {
      const page = await Page.load();
      const { context } = await page.open();
      context.setCells(cells.map(cell => ({ ...cell, source: `${cell.source}!` })));
      jest.advanceTimersByTime(1_000);
      expect(page.sink.types).toEqual(['notebook_opened']);
      context.setCells([...cells].reverse());
      jest.advanceTimersByTime(999);
      context.setCells(cells.slice(1));
      jest.advanceTimersByTime(999);
      expect(page.sink.types).toEqual(['notebook_opened']);
      jest.advanceTimersByTime(1);
      const again = page.sink.events[1] as NotebookOpened;
      expect(again.cells.map(cell => cell.cell_id)).toEqual(['cell-1', 'cell-2']);
    } finally {
      jest.useRealTimers();
    }
  });

  it('says how many of its cells run now', async () => {
    const page = await Page.load();
    const { kernel } = await page.open();
    const [first] = [kernel.request('cell-1'), kernel.request('cell-2')];
    expect(page.recorder.current?.runningCells).toBe(0);
    kernel.input(first);
    expect(page.recorder.current?.runningCells).toBe(1);
    kernel.reply(first);
    kernel.idle(first);
    expect(page.recorder.current?.runningCells).toBe(0);
  });
});

it('A recorder that is disposed of takes no more messages', async () => {
  const page = await Page.load();
  const { kernel } = await page.open();
  page.recorder.dispose();
  kernel.run('cell-1');
  expect(page.runEvents).toEqual([]);
});
