/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import type { CellExecutionComplete } from '../src/contract';
import { FakeKernel } from './fakes/notebook';
import { Page, settled } from './fakes/recording';

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

describe('A followed run whose notebook has a connection of its own', () => {
  let page: Page;
  let followed: FakeKernel;
  let own: FakeKernel;
  let id: string;

  /** Half of the time that both connections listen. */
  const pass = (): void => void jest.advanceTimersByTime(500);

  /** Both connections hear a message, or only one of them. */
  const say = (text: string, kernels: FakeKernel[], msgId?: string): void =>
    kernels.forEach(kernel => kernel.stream(id, text, 'stdout', msgId));

  const end = (): CellExecutionComplete => page.runEvents[0] as CellExecutionComplete;

  const text = (): unknown =>
    end()
      .output?.map(output => output['text'])
      .join('');

  beforeEach(async () => {
    const first = await Page.load();
    const { kernel: old } = await first.open();
    id = old.request('cell-1', 'slow()');
    old.input(id, 4);
    await first.vanish();
    page = await Page.load({ id: 'page-2' });
    followed = page.kernels.last;
    own = new FakeKernel('kernel-1', undefined, 'client-2');
    await page.open(own);
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'performance'] });
  });

  afterEach(() => jest.useRealTimers());

  it('goes on there after both have listened for a while, and nothing is heard twice', () => {
    own.connect('connected');
    say('a', [followed, own], 'message-a');
    pass();
    say('b', [followed, own], 'message-b');
    say('c', [followed], 'message-c');
    expect(followed.isDisposed).toBe(false);
    pass();
    expect(followed.isDisposed).toBe(true);
    say('c', [own], 'message-c');
    say('d', [own], 'message-d');
    own.idle(id);
    expect(page.runEvents).toHaveLength(1);
    expect([end().status, text()]).toEqual(['completed', 'abcd']);
  });

  it('has what only the new connection has heard by then', () => {
    own.connect('connected');
    pass();
    say('a', [own, followed], 'message-a');
    say('b', [own], 'message-b');
    own.idle(id);
    pass();
    expect([end().status, text()]).toEqual(['completed', 'ab']);
  });

  it('hears nothing twice that was under way as the connection was made', () => {
    say('a', [followed], 'message-a');
    own.connect('connected');
    say('a', [own], 'message-a');
    pass();
    pass();
    own.idle(id);
    expect(text()).toBe('a');
  });

  it('is found by the next page as one of that connection', async () => {
    own.connect('connected');
    pass();
    pass();
    await settled();
    jest.useRealTimers();
    await page.vanish();
    const third = await Page.load({ id: 'page-3' });
    expect(third.kernels.connections.map(({ clientId }) => clientId)).toEqual(['client-2']);
  });

  it('stays where it is while that connection breaks', () => {
    own.connect('connected');
    pass();
    own.connect('connecting');
    pass();
    expect(followed.isDisposed).toBe(false);
    own.connect('connected');
    pass();
    pass();
    expect(followed.isDisposed).toBe(true);
    own.idle(id);
    expect(end().status).toBe('completed');
  });

  it('is over when the notebook’s kernel is restarted', () => {
    own.statusChanged.emit('restarting');
    expect(end().status).toBe('unknown');
    expect(followed.isDisposed).toBe(true);
  });

  it('stays with the other connection where the notebook is closed before', () => {
    own.connect('connected');
    pass();
    page.close();
    pass();
    expect(followed.isDisposed).toBe(false);
    followed.idle(id);
    expect(end().status).toBe('completed');
  });
});
