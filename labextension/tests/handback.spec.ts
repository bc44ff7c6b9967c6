/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import type { CellExecutionComplete } from '../src/contract';
import { FakeKernel } from './fakes/notebook';
import { Page, settled } from './fakes/recording';

const ERROR = 'cell_execution_error';

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

describe('A followed run whose notebook has a connection of its own', () => {
  let page: Page;
  let followed: FakeKernel;
  let own: FakeKernel;
  let id: string;

  /** The two are compared each half second. */
  const pass = (count = 1): void => void jest.advanceTimersByTime(500 * count);

  /** Both connections hear a message, or only one of them. */
  const say = (text: string, kernels: FakeKernel[], of = id): void =>
    kernels.forEach(kernel => kernel.stream(of, text, 'stdout', `message-${text}`));

  const end = (): CellExecutionComplete => page.runEvents[0] as CellExecutionComplete;

  const text = (): unknown =>
    end()
      .output?.map(output => output['text'])
      .join('');

  const open = async (): Promise<void> => {
    await page.open(own);
  };

  beforeEach(async () => {
    const first = await Page.load();
    const { kernel: old } = await first.open();
    id = old.request('cell-1', 'slow()');
    old.input(id, 4);
    await first.vanish();
    page = await Page.load({ id: 'page-2' });
    followed = page.kernels.last;
    followed.connect('connected');
    own = new FakeKernel('kernel-1', undefined, 'client-2');
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'performance'] });
  });

  afterEach(() => jest.useRealTimers());

  it('goes on there when both have heard the same, and nothing is heard twice', async () => {
    await open();
    own.connect('connected');
    say('a', [followed, own]);
    pass();
    say('b', [followed, own]);
    say('c', [followed]);
    expect(followed.isDisposed).toBe(false);
    pass();
    expect(followed.isDisposed).toBe(true);
    say('c', [own]);
    say('d', [own]);
    own.idle(id);
    expect(page.runEvents).toHaveLength(1);
    expect([end().status, text()]).toEqual(['completed', 'abcd']);
  });

  it('has what only the new connection has heard by then', async () => {
    await open();
    own.connect('connected');
    say('a', [own, followed]);
    pass();
    say('b', [own]);
    own.idle(id);
    pass();
    expect([end().status, text()]).toEqual(['completed', 'ab']);
  });

  it('waits for what was kept for the former connection', async () => {
    await open();
    own.connect('connected');
    say('b', [own]);
    pass(10);
    expect(followed.isDisposed).toBe(false);
    say('a', [followed]);
    say('b', [followed]);
    pass();
    expect(followed.isDisposed).toBe(true);
    own.idle(id);
    expect(text()).toBe('ab');
  });

  it('hears nothing twice that was under way as the notebook was opened', async () => {
    say('a', [followed]);
    own.connect('connected');
    await open();
    say('a', [own]);
    pass();
    say('b', [followed, own]);
    pass(2);
    own.idle(id);
    expect(text()).toBe('ab');
  });

  it.each([
    ['says nothing', 'connected', false],
    ['is broken', 'disconnected', true]
  ] as const)('goes on there where the former one %s for long', async (_, status, isHeard) => {
    await open();
    own.connect('connected');
    pass();
    say('a', [followed]);
    followed.connectionStatus = status;
    say('b', isHeard ? [own] : []);
    pass(5);
    expect(followed.isDisposed).toBe(false);
    pass(5);
    expect(followed.isDisposed).toBe(true);
    own.idle(id);
    expect(text()).toBe(isHeard ? 'ab' : 'a');
  });

  it('goes on there where the former one has long not heard what it has', async () => {
    await open();
    own.connect('connected');
    say('a', [own]);
    pass(30);
    expect(followed.isDisposed).toBe(true);
    own.idle(id);
    expect(text()).toBe('a');
  });

  describe('and puts out more than the server lets through', () => {
    const NOTICE = 'IOPub data rate exceeded.\nThe Jupyter server will …';

    it('waits with the former connection for its reply', async () => {
      await open();
      own.connect('connected');
      followed.stream(id, NOTICE, 'stderr');
      say('a', [followed, own]);
      pass(100);
      expect(followed.isDisposed).toBe(false);
      followed.failed(id);
      followed.idle(id);
      expect(end()).toMatchObject({ event_type: ERROR, output_incomplete: true });
    });

    it('has an unknown end where only its idle comes', async () => {
      await open();
      own.connect('connected');
      pass(10);
      own.stream(id, NOTICE, 'stderr');
      own.idle(id);
      expect(end()).toMatchObject({ status: 'unknown', output_incomplete: true });
    });

    it('holds no more than what two connections in step have to compare', async () => {
      await open();
      own.connect('connected');
      pass();
      for (let count = 0; count < 6_000; count++) {
        own.stream(id, '.');
      }
      pass(2);
      say('a', [followed, own]);
      pass(3);
      expect(followed.isDisposed).toBe(true);
      own.idle(id);
      expect(text()).toBe('a');
    });
  });

  it('closes as unknown what the former connection has missed the end of', async () => {
    await open();
    own.connect('connected');
    own.infoAnswer = Promise.resolve(undefined);
    pass(10);
    await settled();
    expect(end().status).toBe('unknown');
  });

  it('leaves the runs of that connection itself to their reply', async () => {
    await open();
    own.connect('connected');
    const next = own.request('cell-2');
    own.input(next);
    own.idle(next);
    pass(10);
    expect(page.runEvents).toHaveLength(1);
    own.failed(next);
    expect(page.runEvents[1]).toMatchObject({ event_type: ERROR });
  });

  it('is found by the next page as one of that connection', async () => {
    await open();
    own.connect('connected');
    pass(10);
    await settled();
    jest.useRealTimers();
    await page.vanish();
    const third = await Page.load({ id: 'page-3' });
    expect(third.kernels.connections.map(({ clientId }) => clientId)).toEqual(['client-2']);
  });

  it('stays where it is while that connection is broken', async () => {
    await open();
    own.connect('connected');
    say('a', [followed, own]);
    pass();
    own.connect('connecting');
    pass(20);
    expect(followed.isDisposed).toBe(false);
    own.connect('connected');
    say('b', [own, followed]);
    pass(2);
    expect(followed.isDisposed).toBe(true);
    own.idle(id);
    expect([end().status, text()]).toEqual(['completed', 'ab']);
  });

  it('is over when the notebook’s kernel is restarted', async () => {
    await open();
    own.statusChanged.emit('restarting');
    expect(end().status).toBe('unknown');
    expect(followed.isDisposed).toBe(true);
  });

  it('stays with the other connection where the notebook is closed before', async () => {
    await open();
    own.connect('connected');
    say('a', [followed, own]);
    pass();
    page.close();
    pass(20);
    expect(followed.isDisposed).toBe(false);
    followed.finish(id);
    expect(end().status).toBe('completed');
  });
});

it('Two groups that go on there at once hear nothing twice', async () => {
  const first = await Page.load();
  const { kernel: old, context } = await first.open();
  const one = old.request('cell-1', 'slow()');
  old.input(one);
  const other = new FakeKernel('kernel-1', undefined, 'client-9');
  context.setKernel(other);
  const another = other.request('cell-2');
  other.input(another);
  await first.vanish();
  const page = await Page.load({ id: 'page-2' });
  const kernels = page.kernels.connections;
  kernels.forEach(kernel => kernel.connect('connected'));
  const own = new FakeKernel('kernel-1', undefined, 'client-2');
  own.connect('connected');
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'performance'] });
  await page.open(own);
  jest.advanceTimersByTime(500);
  const say = (to: FakeKernel[]): void =>
    [one, another].forEach(id => to.forEach(each => each.stream(id, 'once', 'stdout', `of ${id}`)));
  say(kernels);
  jest.advanceTimersByTime(5_000);
  jest.useRealTimers();
  expect(kernels.map(({ isDisposed }) => isDisposed)).toEqual([true, true]);
  say([own]);
  own.idle(another);
  expect(page.runEvents).toHaveLength(1);
  own.idle(one);
  const output = [{ text: 'once' }];
  expect(page.runEvents).toMatchObject([{ output }, { output }]);
});
