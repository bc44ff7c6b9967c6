/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import type { CellExecutionStart } from '../src/contract';
import { Page, reload, settled } from './fakes/recording';

const START = 'cell_execution_start';
const COMPLETE = 'cell_execution_complete';

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

describe('A page that missed something of a run', () => {
  it('has the beginning from the reply', async () => {
    const { page, kernel, ids } = await reload();
    kernel.finish(ids[0]);
    kernel.stream(ids[1], 'rest');
    kernel.idle(ids[1]);
    expect(page.runEvents).toHaveLength(1);
    kernel.reply(ids[1], { status: 'ok', execution_count: 5 });
    expect(page.runEvents.slice(1)).toMatchObject([
      { event_type: START, code: 'next()', execution_count: 5 },
      { status: 'completed', output_incomplete: true, output: [{ text: 'rest' }] }
    ]);
  });

  it('records a run that it has heard something of, and whose kernel goes', async () => {
    const { page, kernel, ids } = await reload();
    kernel.finish(ids[0]);
    kernel.stream(ids[1], 'rest');
    page.kernels.shutDown();
    expect(page.runEvents.slice(1)).toMatchObject([
      { event_type: START, code: 'next()' },
      { event_type: COMPLETE, status: 'unknown', output: [{ text: 'rest' }] }
    ]);
  });

  it('ends a run of which no later reply can come when the kernel answers', async () => {
    const { page, kernel, ids } = await reload();
    kernel.idle(ids[0]);
    expect(page.runEvents).toEqual([]);
    kernel.infoAnswer = Promise.resolve(undefined);
    kernel.connect('connected');
    await settled();
    expect(page.runEvents).toMatchObject([{ status: 'completed' }]);
  });

  it('ends what was asked for before a run that has ended', async () => {
    const { page, kernel, ids } = await reload();
    kernel.busy(ids[1]);
    kernel.input(ids[1], 5);
    kernel.finish(ids[1]);
    expect(page.runEvents.map(event => event.event_type)).toEqual([START, COMPLETE, COMPLETE]);
    expect(page.runEvents.slice(1)).toMatchObject([
      { code: 'slow()', status: 'unknown' },
      { code: 'next()', status: 'completed' }
    ]);
  });

  it('records what must have run before a run that has ended', async () => {
    const first = await Page.load();
    const { kernel: old } = await first.open();
    const [, last] = [old.request('cell-1', 'quick()'), old.request('cell-2', 'next()')];
    await first.vanish();
    const page = await Page.load({ id: 'page-2' });
    const kernel = page.kernels.last;
    kernel.input(last, 5);
    kernel.finish(last);
    const [start, begun, unknown, end] = page.runEvents as CellExecutionStart[];
    expect([start.code, begun.code, end.code]).toEqual(['next()', 'quick()', 'next()']);
    expect(unknown).toMatchObject({ event_type: COMPLETE, status: 'unknown', code: 'quick()' });
    expect(begun.started_at).toBe(start.started_at);
  });

  describe('and listens as another client', () => {
    it('needs no reply', async () => {
      const { page, kernel, ids } = await reload();
      page.kernels.setClient('client-7');
      kernel.idle(ids[0]);
      expect(page.runEvents).toMatchObject([{ status: 'completed' }]);
    });

    it('ends at once what it has already heard the idle of', async () => {
      const { page, kernel, ids } = await reload();
      kernel.idle(ids[0]);
      page.kernels.setClient('client-7');
      expect(page.runEvents).toMatchObject([{ status: 'completed' }]);
    });

    it('records what it has heard nothing of but that it was over', async () => {
      const { page, kernel, ids } = await reload();
      page.kernels.setClient('client-7');
      kernel.idle(ids[0]);
      kernel.idle(ids[1]);
      expect(page.runEvents.slice(1)).toMatchObject([
        { event_type: START, code: 'next()', started_at: expect.any(String) as string },
        { event_type: COMPLETE, status: 'completed', output_incomplete: true }
      ]);
    });

    it('records nothing of what was aborted', async () => {
      const { page, kernel, ids } = await reload();
      page.kernels.setClient('client-7');
      kernel.idle(ids[0]);
      kernel.busy(ids[1]);
      kernel.idle(ids[1]);
      expect(page.runEvents).toHaveLength(1);
      expect(kernel.isDisposed).toBe(true);
    });
  });
});
