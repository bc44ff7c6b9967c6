/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import type { CellExecutionComplete } from '../src/contract';
import { FakeKernel } from './fakes/notebook';
import { Page, settled } from './fakes/recording';

const COMPLETE = 'cell_execution_complete';
const ERROR = 'cell_execution_error';

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

describe('A kernel that goes in mid-run', () => {
  it.each(['restarting', 'autorestarting', 'terminating'] as const)(
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

  describe('as JupyterLab says by "dead"', () => {
    it('leaves an unknown end where the server says so too', async () => {
      const page = await Page.load();
      const { kernel } = await page.open();
      kernel.input(kernel.request('cell-1'));
      kernel.statusChanged.emit('dead');
      expect(page.runEvents).toHaveLength(1);
      page.kernels.shutDown();
      expect((page.runEvents[1] as CellExecutionComplete).status).toBe('unknown');
    });

    it('is listened to where it is not', async () => {
      const page = await Page.load();
      const { kernel } = await page.open();
      const id = kernel.request('cell-1');
      kernel.input(id);
      kernel.statusChanged.emit('dead');
      page.kernels.last.finish(id);
      expect((page.runEvents[1] as CellExecutionComplete).status).toBe('completed');
    });
  });

  it('that somebody else starts anew ends what it had begun, not what waits for it', async () => {
    const page = await Page.load();
    const { kernel } = await page.open();
    const [first, second] = [kernel.request('cell-1'), kernel.request('cell-2')];
    kernel.input(first);
    kernel.idle(first);
    kernel.statusChanged.emit('starting');
    kernel.input(second);
    kernel.reply(second);
    kernel.idle(second);
    const start = 'cell_execution_start';
    expect(page.sink.types.slice(1)).toEqual([start, COMPLETE, start, COMPLETE]);
  });

  it.each([
    ['another kernel', 'kernel-2'],
    ['another connection', 'kernel-1']
  ])('for %s goes on without it, and the new one is recorded', async (_, id) => {
    const page = await Page.load();
    const { kernel, context } = await page.open();
    const first = kernel.request('cell-1');
    kernel.input(first);
    const next = new FakeKernel(id, undefined, 'client-2');
    context.setKernel(next);
    expect([page.kernels.last.id, page.kernels.last.clientId]).toEqual(['kernel-1', 'client-1']);
    next.run('cell-1');
    page.kernels.last.finish(first);
    const ends = page.runEvents.filter(event => event.event_type === COMPLETE);
    expect(ends.map(event => [event.kernel_id, (event as CellExecutionComplete).status])).toEqual([
      [id, 'completed'],
      ['kernel-1', 'completed']
    ]);
  });

  it('whose notebook is closed is listened to until its cells are over', async () => {
    const page = await Page.load();
    const { kernel, context } = await page.open();
    const id = kernel.request('cell-1');
    kernel.input(id);
    kernel.stream(id, 'before');
    context.disposed.emit();
    const { last } = page.kernels;
    last.stream(id, ' after');
    last.finish(id);
    expect(page.runEvents[1]).toMatchObject({
      status: 'completed',
      output_incomplete: true,
      output: [{ text: 'before after' }],
      session_id: page.runEvents[0].session_id
    });
    expect(last.isDisposed).toBe(true);
  });

  it('whose notebook is closed and opened again tells there of its cells', async () => {
    const page = await Page.load();
    const { kernel, context } = await page.open();
    const id = kernel.request('cell-1');
    kernel.input(id);
    context.disposed.emit();
    await page.open();
    expect(page.recorder.current?.runningCells).toBe(1);
    page.kernels.last.finish(id);
    const [start, end] = page.runEvents;
    expect(end).toMatchObject({ status: 'completed' });
    expect(end.session_id).not.toBe(start.session_id);
  });

  it('whose idle notebook is closed is not listened to', async () => {
    const page = await Page.load();
    const { kernel, context } = await page.open();
    kernel.run('cell-1');
    context.disposed.emit();
    expect(page.kernels.connections).toEqual([]);
  });
});

describe('A broken connection', () => {
  it('closes what it missed the end of, as soon as the kernel answers again', async () => {
    const page = await Page.load();
    const { kernel } = await page.open();
    const [first, second] = [kernel.request('cell-1'), kernel.request('cell-2')];
    kernel.input(first);
    let answer: (value: undefined) => void = () => undefined;
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

  it('ends nothing when the recording has stopped meanwhile', async () => {
    const page = await Page.load();
    const { kernel } = await page.open();
    kernel.input(kernel.request('cell-1'));
    kernel.infoAnswer = Promise.resolve(undefined);
    kernel.connectionStatusChanged.emit('connected');
    page.recorder.dispose();
    await settled();
    expect(page.runEvents).toHaveLength(1);
  });

  it('takes no cell for over that waited for it, and is sent after the first answer', async () => {
    const page = await Page.load();
    const { kernel } = await page.open();
    const id = kernel.request('cell-1');
    kernel.infoAnswers = [Promise.resolve(undefined)];
    kernel.connectionStatusChanged.emit('connected');
    await settled();
    kernel.input(id);
    kernel.reply(id);
    kernel.idle(id);
    expect(page.runEvents).toHaveLength(2);
  });
});
