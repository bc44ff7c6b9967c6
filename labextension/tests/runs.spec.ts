/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import type {
  CellExecutionComplete,
  CellExecutionError,
  CellExecutionStart
} from '../src/contract';
import { cells, Page, settled } from './fakes/recording';

const START = 'cell_execution_start';
const COMPLETE = 'cell_execution_complete';
const ERROR = 'cell_execution_error';

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

describe('A run', () => {
  it.each([
    ['its reply before idle', ['reply', 'idle']],
    ['idle before its reply', ['idle', 'reply']],
    ['both twice', ['reply', 'idle', 'reply', 'idle']]
  ] as const)('ends once, with %s', async (_, order) => {
    const page = await Page.load();
    const { kernel } = await page.open();
    const id = kernel.request('cell-1');
    kernel.input(id, 3);
    kernel.input(id, 3);
    order.forEach(step => kernel[step](id));
    const [start, end] = page.runEvents as [CellExecutionStart, CellExecutionComplete];
    expect(page.runEvents).toHaveLength(2);
    expect([start.event_type, end.event_type]).toEqual([START, COMPLETE]);
    expect(end.execution_id).toBe(start.execution_id);
    expect([end.execution_count, end.success, end.status]).toEqual([3, true, 'completed']);
  });

  it('has the kernel’s times in microseconds, from execute_input to the later of reply and idle', async () => {
    const page = await Page.load();
    const { kernel } = await page.open();
    kernel.run('cell-1');
    const end = page.runEvents[1] as CellExecutionComplete;
    expect(end.started_at).toBe('2026-04-01T09:00:00.002002Z');
    expect(end.ended_at).toBe('2026-04-01T09:00:00.004004Z');
    expect(end.duration_ms).toBe(2.002);
  });

  it('does not end before idle, so that late outputs belong to it', async () => {
    const page = await Page.load();
    const { kernel } = await page.open();
    const id = kernel.request('cell-1');
    kernel.input(id);
    kernel.reply(id);
    kernel.stream(id, 'late');
    kernel.idle(id);
    kernel.stream(id, 'too late');
    const end = page.runEvents[1] as CellExecutionComplete;
    expect(end.output).toEqual([{ output_type: 'stream', name: 'stdout', text: 'late' }]);
  });

  it('whose output the server held back is incomplete, and ends as its reply says', async () => {
    const page = await Page.load();
    const { kernel } = await page.open();
    const id = kernel.request('cell-1');
    kernel.input(id);
    kernel.stream(id, 'IOPub message rate exceeded.\nThe Jupyter server will …', 'stderr');
    kernel.finish(id);
    expect(page.runEvents[1]).toMatchObject({ status: 'completed', output_incomplete: true });
  });

  it('that fails has its name, message and whole traceback', async () => {
    const page = await Page.load();
    const { kernel } = await page.open();
    const id = kernel.request('cell-2', 'x');
    kernel.input(id);
    kernel.failed(id);
    kernel.idle(id);
    const end = page.runEvents[1] as CellExecutionError;
    expect([end.event_type, end.success]).toEqual([ERROR, false]);
    expect(end.error).toEqual({
      name: 'NameError',
      message: "name 'x' is not defined",
      traceback: ['line 1', 'line 2']
    });
  });

  it('that is interrupted is a KeyboardInterrupt, and the queued rest is no run', async () => {
    const page = await Page.load();
    const { kernel } = await page.open();
    const [first, second] = [kernel.request('cell-1'), kernel.request('cell-2')];
    kernel.input(first);
    kernel.failed(first, 'KeyboardInterrupt');
    kernel.idle(first);
    kernel.reply(second, { status: 'aborted' });
    kernel.idle(second);
    expect(page.runEvents.map(event => event.event_type)).toEqual([START, ERROR]);
    expect((page.runEvents[1] as CellExecutionError).error.name).toBe('KeyboardInterrupt');
    await settled();
    expect(await page.runs.adoptRuns('other', new Set(['page-1']))).toEqual([]);
  });

  it('whose kernel calls it aborted after it began was interrupted', async () => {
    const page = await Page.load();
    const { kernel } = await page.open();
    const id = kernel.request('cell-1');
    kernel.input(id);
    kernel.reply(id, { status: 'aborted' });
    kernel.idle(id);
    expect((page.runEvents[1] as CellExecutionError).error.name).toBe('KeyboardInterrupt');
  });

  it('whose execute_input was lost is told by its reply', async () => {
    const page = await Page.load();
    const { kernel } = await page.open();
    const id = kernel.request('cell-1');
    kernel.reply(id, { status: 'ok', execution_count: 7 });
    kernel.idle(id);
    expect(page.runEvents.map(event => event.event_type)).toEqual([START, COMPLETE]);
    expect((page.runEvents[1] as CellExecutionComplete).execution_count).toBe(7);
  });

  it('of "Run All" is one for each cell, in the kernel’s order', async () => {
    const page = await Page.load();
    const { kernel } = await page.open();
    const ids = [kernel.request('cell-1'), kernel.request('cell-2')];
    ids.forEach((id, index) => {
      kernel.input(id, index + 1);
      kernel.reply(id);
      kernel.idle(id);
    });
    const events = page.runEvents as (CellExecutionStart | CellExecutionComplete)[];
    expect(events.map(event => [event.event_type, event.cell_id])).toEqual([
      [START, 'cell-1'],
      [COMPLETE, 'cell-1'],
      [START, 'cell-2'],
      [COMPLETE, 'cell-2']
    ]);
    expect(new Set(events.map(event => event.execution_id)).size).toBe(2);
  });

  it('is none when it is silent or keeps no history', async () => {
    const page = await Page.load();
    const { kernel } = await page.open();
    for (const content of [{ silent: true }, { store_history: false }]) {
      const id = kernel.request('cell-1', '1', content);
      kernel.input(id);
      kernel.reply(id);
      kernel.idle(id);
    }
    expect(page.runEvents).toEqual([]);
  });

  it('that somebody else requested from the same kernel is not recorded', async () => {
    const page = await Page.load();
    const { kernel } = await page.open();
    kernel.input('of-a-console');
    kernel.idle('of-a-console');
    const id = kernel.request('cell-of-a-console');
    kernel.input(id);
    kernel.reply(id);
    kernel.idle(id);
    expect(page.runEvents).toEqual([]);
  });

  it('whose request names no cell is that of the cell that waits for its answer', async () => {
    const page = await Page.load();
    const { kernel, context } = await page.open();
    const id = kernel.request(null, 'y');
    const widget = {
      model: context.cells[2],
      outputArea: { future: { msg: { header: { msg_id: id } } } }
    };
    (page.tracker.currentWidget!.content.widgets as object[]).push(widget);
    kernel.input(id);
    kernel.reply(id);
    kernel.idle(id);
    const [start, end] = page.runEvents as [CellExecutionStart, CellExecutionComplete];
    expect([start.cell_id, start.code, end.cell_id]).toEqual(['cell-2', 'y', 'cell-2']);
  });

  it('keeps its cell when the cell is deleted or moved', async () => {
    const page = await Page.load();
    const { kernel, context } = await page.open();
    const id = kernel.request('cell-1');
    kernel.input(id);
    context.setCells([cells[2]]);
    kernel.reply(id);
    kernel.idle(id);
    expect((page.runEvents[1] as CellExecutionComplete).cell_id).toBe('cell-1');
  });

  it('of a cell just added comes after the notebook’s new list of cells', async () => {
    const page = await Page.load();
    const { kernel, context } = await page.open();
    context.setCells([...cells, { id: 'new', type: 'code', source: '2' }]);
    kernel.run('new');
    expect(page.sink.types).toEqual(['notebook_opened', 'notebook_opened', START, COMPLETE]);
  });
});
