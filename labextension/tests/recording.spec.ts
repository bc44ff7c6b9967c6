/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import type { CellExecutionComplete, CellExecutionStart } from '../src/contract';
import { me, Page, PATH, settled } from './fakes/recording';

const START = 'cell_execution_start';
const COMPLETE = 'cell_execution_complete';

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

describe('The class of a notebook', () => {
  it('is none for a path outside: nothing is sent', async () => {
    const page = await Page.load();
    const { kernel } = await page.open(undefined, 'scratch.ipynb');
    kernel.run('cell-1');
    expect(page.sink.events).toEqual([]);
    expect(page.recorder.current).toMatchObject({ classId: null, reason: 'none' });
  });

  it('may be chosen: what runs from then on is recorded, with the choice', async () => {
    const page = await Page.load();
    const { kernel } = await page.open(undefined, 'scratch.ipynb');
    const before = kernel.request('cell-1', 'before');
    await page.recorder.choose('scratch.ipynb', 'statistics');
    kernel.input(before);
    kernel.reply(before);
    kernel.idle(before);
    kernel.run('cell-1', 2, 'after');
    expect(page.sink.types).toEqual(['notebook_opened', START, COMPLETE]);
    expect(page.sink.events[0]).toMatchObject({ seq: 0, class_id: 'statistics' });
    expect((page.runEvents[0] as CellExecutionStart).code).toBe('after');
    expect(page.recorder.current).toMatchObject({ classId: 'statistics', reason: 'choice' });
  });

  it('that was chosen moves with a rename, and is kept for the next page', async () => {
    const page = await Page.load();
    const { context } = await page.open(undefined, 'scratch.ipynb');
    await page.recorder.choose('scratch.ipynb', 'statistics');
    context.rename('moved.ipynb');
    await settled();
    expect(page.sink.events[1]).toMatchObject({
      renamed_from: 'scratch.ipynb',
      notebook_path: 'moved.ipynb',
      class_id: 'statistics'
    });
    await page.vanish();
    const next = await Page.load({ id: 'page-2' });
    await next.open(undefined, 'moved.ipynb');
    expect(next.recorder.current).toMatchObject({ classId: 'statistics', reason: 'choice' });
    await next.open(undefined, 'scratch.ipynb');
    expect(next.recorder.current).toMatchObject({ classId: null });
  });

  it('of a path stays when the notebook is renamed out of its folder', async () => {
    const page = await Page.load();
    const { context, kernel } = await page.open();
    const classId = page.recorder.current?.classId;
    context.rename('moved.ipynb');
    kernel.run('cell-1');
    expect(page.recorder.current).toMatchObject({ classId, path: 'moved.ipynb' });
    expect(page.sink.types.slice(-3)).toEqual(['notebook_opened', START, COMPLETE]);
    await settled();
    await page.vanish();
    const next = await Page.load({ id: 'page-2' });
    await next.open(undefined, 'moved.ipynb');
    expect(next.recorder.current).toMatchObject({ classId });
  });

  it('that is taken back in mid-run leaves an unknown end and then silence', async () => {
    const page = await Page.load();
    const { kernel } = await page.open(undefined, 'scratch.ipynb');
    await page.recorder.choose('scratch.ipynb', 'statistics');
    const id = kernel.request('cell-1');
    kernel.input(id);
    await page.recorder.choose('scratch.ipynb', null);
    kernel.stream(id, 'private');
    kernel.reply(id);
    kernel.idle(id);
    kernel.run('cell-1');
    const end = page.runEvents[1] as CellExecutionComplete;
    expect(page.runEvents).toHaveLength(2);
    expect([end.status, end.output]).toEqual(['unknown', []]);
  });

  it('is the one that the service has filed it under, also on the next page', async () => {
    const page = await Page.load();
    await page.open();
    page.recorder.file(PATH, 'statistics');
    expect(page.recorder.current).toMatchObject({
      classId: 'statistics',
      classes: [{ class_id: 'statistics' }]
    });
    await page.vanish();
    const next = await Page.load({ id: 'page-2' });
    const { context } = await next.open();
    context.rename('assignments/python-intro/hw/moved.ipynb');
    expect(next.recorder.current?.classId).toBe('statistics');
  });

  it('that was taken back is not brought back by the service: nothing is sent', async () => {
    const page = await Page.load();
    const { kernel } = await page.open(undefined, 'scratch.ipynb');
    await page.recorder.choose('scratch.ipynb', 'python-intro');
    await page.recorder.choose('scratch.ipynb', null);
    const before = page.sink.events.length;
    page.recorder.file('scratch.ipynb', 'statistics');
    kernel.run('cell-1');
    expect(page.sink.events).toHaveLength(before);
    expect(page.recorder.current).toMatchObject({ classId: null, reason: 'none' });
    await page.recorder.choose('scratch.ipynb', 'python-intro');
    expect(page.recorder.current).toMatchObject({ classId: 'statistics', reason: 'choice' });
  });

  it('waits for who the student is: then all is sent in order, or nothing', async () => {
    for (const [path, types] of [
      [PATH, ['notebook_opened', START, COMPLETE]],
      ['scratch.ipynb', []]
    ] as const) {
      globalThis.indexedDB = new IDBFactory();
      const page = await Page.load({ me: null });
      const { kernel } = await page.open(undefined, path);
      kernel.run('cell-1');
      expect(page.sink.events).toEqual([]);
      expect(page.recorder.current?.reason).toBe('unknown');
      page.recorder.setMe(me);
      expect(page.sink.types).toEqual(types);
      expect(page.sink.events.map(event => event.seq)).toEqual(types.map((_, index) => index));
    }
  });

  it('is known at a start without the service by the last answer', async () => {
    const page = await Page.load();
    await page.vanish();
    const next = await Page.load({ id: 'page-2', me: null });
    const { kernel } = await next.open();
    kernel.run('cell-1');
    expect(next.sink.types).toEqual(['notebook_opened', START, COMPLETE]);
    expect(next.sink.events[0].student_id).toBe('student-01');
  });
});
