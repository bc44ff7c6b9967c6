/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import { RecorderStore } from '../src/store';
import { me, Page, PATH, reload, settled } from './fakes/recording';

const START = 'cell_execution_start';
const COMPLETE = 'cell_execution_complete';
const ERROR = 'cell_execution_error';

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

describe('A page reloaded in mid-run', () => {
  it('listens to the kernel as the client that asked it', async () => {
    const { page, kernel } = await reload();
    expect(page.kernels.connections).toEqual([kernel]);
    expect([kernel.id, kernel.clientId]).toEqual(['kernel-1', 'client-1']);
  });

  it('makes JupyterLab wait until it does', async () => {
    const { page, kernel } = await reload();
    const isListening = jest.fn();
    void page.recorder.listening.then(isListening);
    kernel.connectionStatusChanged.emit('connecting');
    await settled();
    expect(isListening).not.toHaveBeenCalled();
    kernel.connectionStatusChanged.emit('connected');
    await settled();
    expect(isListening).toHaveBeenCalled();
  });

  it('closes the run when its idle comes, with the execution_id and code of its start', async () => {
    const { before, page, kernel, ids } = await reload();
    await page.open();
    kernel.stream(ids[0], 'rest');
    kernel.finish(ids[0]);
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
    expect(page.runEvents[0].session_id).toBe(page.sink.events[0].session_id);
    expect(page.runEvents[0].session_id).not.toBe(before.session_id);
  });

  it('closes it also where its notebook is not opened', async () => {
    const { before, page, kernel, ids } = await reload();
    await page.open(null, 'scratch.ipynb');
    kernel.finish(ids[0]);
    await settled();
    expect(page.sink.events).toMatchObject([
      { execution_id: before.execution_id, notebook_path: PATH, status: 'completed', seq: 0 }
    ]);
  });

  it('writes down who the student is only where that is new', async () => {
    await Page.load();
    const put = jest.spyOn(RecorderStore.prototype, 'putMe');
    const page = await Page.load({ id: 'page-2' });
    expect(put).not.toHaveBeenCalled();
    page.recorder.setMe({ ...me, name: 'student-02' });
    expect(put).toHaveBeenCalledTimes(1);
    put.mockRestore();
  });

  it('closes it as soon as it is known who the student is', async () => {
    const first = await Page.load();
    const { kernel: old } = await first.open();
    const id = old.request('cell-1', 'slow()');
    old.input(id);
    await first.vanish();
    indexedDB.deleteDatabase('test:recorder');
    const page = await Page.load({ id: 'page-2', me: null });
    page.kernels.last.finish(id);
    await settled();
    expect(page.runEvents).toEqual([]);
    page.recorder.setMe(me);
    await settled();
    expect(page.runEvents).toMatchObject([{ code: 'slow()', status: 'completed' }]);
  });

  it('closes a run that fails after it with its error', async () => {
    const { page, kernel, ids } = await reload();
    kernel.failed(ids[0]);
    kernel.idle(ids[0]);
    expect(page.runEvents[0]).toMatchObject({ event_type: ERROR, error: { name: 'NameError' } });
  });

  it.each([
    ['in its notebook', PATH],
    ['without its notebook', 'scratch.ipynb']
  ])('records %s what was queued when it runs', async (_, path) => {
    const { page, kernel, ids } = await reload();
    await page.open(null, path);
    kernel.finish(ids[0]);
    kernel.input(ids[1], 5);
    kernel.finish(ids[1]);
    expect(page.runEvents.map(event => event.event_type)).toEqual([COMPLETE, START, COMPLETE]);
    expect(page.runEvents[2]).not.toHaveProperty('output_incomplete');
    expect(kernel.isDisposed).toBe(true);
  });

  it('records nothing of what was queued and aborted', async () => {
    const { page, kernel, ids } = await reload();
    kernel.failed(ids[0]);
    kernel.idle(ids[0]);
    kernel.busy(ids[1]);
    kernel.reply(ids[1], { status: 'aborted' });
    kernel.idle(ids[1]);
    expect(page.runEvents).toHaveLength(1);
    expect(kernel.isDisposed).toBe(true);
  });

  it('shows in its notebook that the cell runs, until it does not', async () => {
    const { page, kernel, ids } = await reload();
    await page.open();
    expect(page.recorder.current?.runningCells).toBe(1);
    kernel.finish(ids[0]);
    expect(page.recorder.current?.runningCells).toBe(0);
  });

  it('keeps the run under the new name of its notebook', async () => {
    const { page, kernel, ids } = await reload();
    const { context } = await page.open();
    context.rename('new.ipynb');
    kernel.finish(ids[0]);
    expect(page.runEvents).toMatchObject([{ notebook_path: 'new.ipynb' }]);
  });

  it('is left for the next page as a run of the client that listens', async () => {
    const { page } = await reload();
    page.kernels.setClient('client-7');
    await page.vanish();
    const third = await Page.load({ id: 'page-3' });
    expect(third.kernels.connections.map(({ clientId }) => clientId)).toEqual(['client-7']);
  });

  it('gives nothing up as long as cells move between two answers of the kernel', async () => {
    const { page, kernel, ids } = await reload();
    const answers: ((value: undefined) => void)[] = [];
    kernel.infoAnswers = [0, 1, 2].map(() => new Promise(resolve => answers.push(resolve)));
    kernel.connect('connected');
    answers[0](undefined);
    await settled();
    kernel.finish(ids[0]);
    answers[1](undefined);
    await settled();
    kernel.input(ids[1]);
    answers[2](undefined);
    await settled();
    kernel.finish(ids[1]);
    expect(page.runEvents.map(event => event.event_type)).toEqual([COMPLETE, START, COMPLETE]);
  });

  it('closes as unknown what nobody has heard the end of, when the kernel answers', async () => {
    const { page, kernel } = await reload();
    kernel.infoAnswer = Promise.resolve(undefined);
    kernel.connectionStatusChanged.emit('connected');
    await settled();
    expect(page.runEvents).toHaveLength(1);
    expect(page.runEvents[0]).toMatchObject({
      event_type: COMPLETE,
      status: 'unknown',
      success: false
    });
  });

  it('takes no closed connection for an answer', async () => {
    const { page, kernel, ids } = await reload();
    kernel.infoAnswer = Promise.resolve(undefined);
    kernel.isDisposed = true;
    kernel.connect('connected');
    await settled();
    kernel.finish(ids[0]);
    expect(page.runEvents).toMatchObject([{ status: 'completed' }]);
  });

  it('closes as unknown what ran in a kernel that is gone', async () => {
    const { page, kernel } = await reload();
    page.kernels.shutDown();
    expect(page.runEvents).toMatchObject([{ status: 'unknown' }]);
    expect(kernel.isDisposed).toBe(true);
  });

  it('ends nothing where the recording stops: the next page goes on', async () => {
    const { page } = await reload();
    let answer: (value: undefined) => void = () => undefined;
    page.kernels.last.infoAnswer = new Promise(resolve => (answer = resolve));
    page.kernels.last.connect('connected');
    page.recorder.dispose();
    expect(page.kernels.last.isDisposed).toBe(true);
    answer(undefined);
    await page.vanish();
    expect(page.runEvents).toEqual([]);
    const third = await Page.load({ id: 'page-3' });
    expect(third.kernels.connections).toHaveLength(1);
  });

  it('ends a run once, also when it is reloaded again', async () => {
    const { page, kernel, ids } = await reload();
    kernel.finish(ids[0]);
    kernel.reply(ids[1], { status: 'aborted' });
    kernel.idle(ids[1]);
    await page.vanish();
    const third = await Page.load({ id: 'page-3' });
    await third.open();
    expect(third.kernels.connections).toEqual([]);
    expect(third.runEvents).toEqual([]);
  });
});
