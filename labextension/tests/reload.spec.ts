/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import type { CellExecutionComplete, CellExecutionStart } from '../src/contract';
import { FakeKernel } from './fakes/notebook';
import { me, Page, PATH, settled } from './fakes/recording';

const START = 'cell_execution_start';
const COMPLETE = 'cell_execution_complete';
const ERROR = 'cell_execution_error';

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

describe('A page reloaded in mid-run', () => {
  async function reload(
    path = PATH,
    kernel: FakeKernel | null = new FakeKernel('kernel-1')
  ): Promise<{ before: CellExecutionStart; page: Page; kernel: FakeKernel; ids: string[] }> {
    const first = await Page.load();
    const { kernel: old } = await first.open();
    const ids = [old.request('cell-1', 'slow()'), old.request('cell-2', 'next()')];
    old.input(ids[0], 4);
    await first.vanish();
    const page = await Page.load({ id: 'page-2' });
    const opened = await page.open(kernel, path);
    return { before: first.runEvents[0] as CellExecutionStart, page, kernel: opened.kernel, ids };
  }

  it('closes the run when its idle comes, with the execution_id and code of its start', async () => {
    const { before, page, kernel, ids } = await reload();
    kernel.stream(ids[0], 'rest');
    kernel.idle(ids[0]);
    await settled();
    expect(page.runEvents).toHaveLength(1);
    expect(page.runEvents[0]).toMatchObject({
      event_type: COMPLETE,
      execution_id: before.execution_id,
      execution_count: 4,
      started_at: before.started_at,
      code: 'slow()',
      status: 'completed',
      output_incomplete: true,
      output: [{ output_type: 'stream', name: 'stdout', text: 'rest' }]
    });
    expect(page.runEvents[0].session_id).not.toBe(before.session_id);
  });

  it('closes a run that fails after it with its error', async () => {
    const { page, kernel, ids } = await reload();
    kernel.output('error', ids[0], { ename: 'E', evalue: 'm', traceback: ['t'] });
    kernel.idle(ids[0]);
    expect(page.runEvents[0]).toMatchObject({ event_type: ERROR, error: { name: 'E' } });
  });

  it('records what was queued when it runs, and not what was aborted', async () => {
    const { page, kernel, ids } = await reload();
    kernel.idle(ids[0]);
    kernel.input(ids[1], 5);
    kernel.idle(ids[1]);
    expect(page.runEvents.map(event => event.event_type)).toEqual([COMPLETE, START, COMPLETE]);
    expect(page.runEvents[2]).not.toHaveProperty('output_incomplete');
    globalThis.indexedDB = new IDBFactory();
    const aborted = await reload();
    aborted.kernel.idle(aborted.ids[0]);
    aborted.kernel.idle(aborted.ids[1]);
    expect(aborted.page.runEvents).toHaveLength(1);
  });

  it('takes what the kernel said before the notebook was there', async () => {
    const first = await Page.load();
    const { kernel: old } = await first.open();
    const id = old.request('cell-1');
    old.input(id);
    await first.vanish();
    const page = await Page.load({ id: 'page-2' });
    const kernel = new FakeKernel('kernel-1');
    const opening = page.open(kernel);
    kernel.idle(id);
    await opening;
    expect((page.runEvents[0] as CellExecutionComplete).status).toBe('completed');
  });

  it('closes as unknown what had ended before it was back', async () => {
    const kernel = new FakeKernel('kernel-1');
    kernel.infoAnswer = Promise.resolve(undefined);
    const { page } = await reload(PATH, kernel);
    await settled();
    expect(page.runEvents).toHaveLength(1);
    expect(page.runEvents[0]).toMatchObject({
      event_type: COMPLETE,
      status: 'unknown',
      success: false
    });
  });

  it.each([
    ['another kernel', new FakeKernel('kernel-2')],
    ['no kernel', null]
  ])('closes as unknown what ran before there was %s', async (_, kernel) => {
    const { page } = await reload(PATH, kernel);
    await settled();
    expect(page.runEvents).toMatchObject([{ status: 'unknown' }]);
  });

  it('closes as unknown the runs of a notebook that is not opened again', async () => {
    const { page, before } = await reload('scratch.ipynb');
    await settled();
    expect(page.sink.events).toMatchObject([
      { execution_id: before.execution_id, notebook_path: PATH, status: 'unknown', seq: 0 }
    ]);
  });

  it('ends a run once, also when it is reloaded again', async () => {
    const { page, kernel, ids } = await reload();
    kernel.idle(ids[0]);
    kernel.idle(ids[1]);
    await page.vanish();
    const third = await Page.load({ id: 'page-3' });
    const again = new FakeKernel('kernel-1');
    again.infoAnswer = Promise.resolve(undefined);
    await third.open(again);
    await settled();
    expect(third.runEvents).toEqual([]);
  });

  it('does not lose a run that ended before it was known who the student is', async () => {
    const first = await Page.load({ me: null });
    const { kernel: old } = await first.open();
    const id = old.request('cell-1', 'early()');
    old.input(id);
    old.reply(id);
    old.idle(id);
    await first.vanish();
    const page = await Page.load({ id: 'page-2' });
    const kernel = new FakeKernel('kernel-1');
    kernel.infoAnswer = Promise.resolve(undefined);
    await page.open(kernel);
    expect(page.runEvents).toMatchObject([{ code: 'early()', status: 'unknown' }]);
  });

  it('forgets such a run once its events are in the queue', async () => {
    const first = await Page.load({ me: null });
    const { kernel: old } = await first.open();
    old.run('cell-1');
    first.recorder.setMe(me);
    await first.vanish();
    expect(first.runEvents).toHaveLength(2);
    const page = await Page.load({ id: 'page-2' });
    await page.open(null);
    await settled();
    expect(page.runEvents).toEqual([]);
  });

  it('leaves the runs of another page that is still open alone', async () => {
    const first = await Page.load();
    const { kernel } = await first.open();
    const id = kernel.request('cell-1');
    kernel.input(id);
    await settled();
    const second = await Page.load({ id: 'page-2', living: ['page-1'] });
    const other = await second.open(new FakeKernel('kernel-1'));
    other.kernel.idle(id);
    await settled();
    expect(second.runEvents).toEqual([]);
  });
});
