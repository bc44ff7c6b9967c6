/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import type {
  CellExecutionComplete,
  CellExecutionError,
  CellExecutionStart,
  NotebookOpened
} from '../src/contract';
import { FakeKernel } from './fakes/notebook';
import { cells, me, Page, PATH, settled } from './fakes/recording';

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
    const finished: string[] = [];
    page.recorder.runFinished.connect((_, { status }) => finished.push(status));
    const [first, second] = [kernel.request('cell-1'), kernel.request('cell-2')];
    kernel.input(first);
    kernel.failed(first, 'KeyboardInterrupt');
    kernel.idle(first);
    kernel.reply(second, { status: 'aborted' });
    kernel.idle(second);
    expect(page.runEvents.map(event => event.event_type)).toEqual([START, ERROR]);
    expect((page.runEvents[1] as CellExecutionError).error.name).toBe('KeyboardInterrupt');
    expect(finished).toEqual(['interrupted']);
    await settled();
    expect(await page.store.adoptRuns('other', new Set())).toEqual([]);
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

describe('A kernel that goes in mid-run', () => {
  it.each(['restarting', 'autorestarting', 'dead', 'terminating'] as const)(
    'by "%s" leaves an unknown end, once, and what was queued is no run',
    async status => {
      const page = await Page.load();
      const { kernel } = await page.open();
      const [first, second] = [kernel.request('cell-1'), kernel.request('cell-2')];
      kernel.input(first);
      kernel.statusChanged.emit(status);
      kernel.failed(first, 'KeyboardInterrupt');
      kernel.idle(first);
      kernel.idle(second);
      const end = page.runEvents[1] as CellExecutionComplete;
      expect(page.runEvents).toHaveLength(2);
      expect([end.event_type, end.success, end.status]).toEqual([COMPLETE, false, 'unknown']);
      expect(end.ended_at).toBeUndefined();
    }
  );

  it.each([
    ['reply', COMPLETE, 'completed'],
    ['idle', COMPLETE, 'completed'],
    ['failed', ERROR, undefined]
  ] as const)('leaves the end that was seen by its %s', async (seen, type, status) => {
    const page = await Page.load();
    const { kernel } = await page.open();
    const id = kernel.request('cell-1');
    kernel.input(id);
    kernel[seen](id);
    kernel.statusChanged.emit('terminating');
    expect(page.runEvents[1].event_type).toBe(type);
    expect((page.runEvents[1] as CellExecutionComplete).status).toBe(status);
  });

  it('for another kernel leaves an unknown end, and the new one is recorded', async () => {
    const page = await Page.load();
    const { kernel, context } = await page.open();
    kernel.input(kernel.request('cell-1'));
    const next = new FakeKernel('kernel-2');
    context.setKernel(next);
    kernel.run('cell-1');
    next.run('cell-1');
    const ends = page.runEvents.filter(event => event.event_type === COMPLETE);
    expect(ends.map(event => [event.kernel_id, (event as CellExecutionComplete).status])).toEqual([
      ['kernel-1', 'unknown'],
      ['kernel-2', 'completed']
    ]);
  });

  it('with its notebook closed leaves an unknown end', async () => {
    const page = await Page.load();
    const { kernel, context } = await page.open();
    kernel.input(kernel.request('cell-1'));
    context.disposed.emit();
    expect((page.runEvents[1] as CellExecutionComplete).status).toBe('unknown');
  });
});

describe('A broken connection', () => {
  it('closes what it missed the end of, as soon as the kernel answers again', async () => {
    const page = await Page.load();
    const { kernel } = await page.open();
    const [first, second] = [kernel.request('cell-1'), kernel.request('cell-2')];
    kernel.input(first);
    let answer = (_: undefined): void => undefined;
    kernel.infoAnswer = new Promise(resolve => (answer = resolve));
    kernel.connectionStatusChanged.emit('connected');
    await settled();
    expect(page.runEvents).toHaveLength(1);
    kernel.input(second);
    kernel.reply(second);
    kernel.idle(second);
    answer(undefined);
    await settled();
    const ends = page.runEvents.filter(event => event.event_type === COMPLETE);
    expect(ends.map(event => (event as CellExecutionComplete).status)).toEqual([
      'completed',
      'unknown'
    ]);
  });
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

  it('waits with a bound, and the gap in seq tells how many were too many', async () => {
    const page = await Page.load({ me: null });
    const { kernel } = await page.open();
    for (let count = 1; count <= 510; count++) {
      kernel.run('cell-1', count);
    }
    page.recorder.setMe(me);
    kernel.run('cell-1', 511);
    const seqs = page.sink.events.map(event => event.seq);
    expect(page.sink.events).toHaveLength(1 + 1_000 + 2);
    expect(seqs.slice(-3)).toEqual([1_000, 1_021, 1_022]);
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

it('A recorder that is disposed of takes no more messages', async () => {
  const page = await Page.load();
  const { kernel } = await page.open();
  page.recorder.dispose();
  kernel.run('cell-1');
  expect(page.runEvents).toEqual([]);
});
