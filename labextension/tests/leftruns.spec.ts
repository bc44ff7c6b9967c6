/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import { FakeKernel } from './fakes/notebook';
import { me, Page, settled } from './fakes/recording';

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

describe('A page with open runs', () => {
  describe('that never learned whether to record', () => {
    async function reloadUnsure(restored?: Promise<void>): Promise<Page> {
      const first = await Page.load({ me: null });
      const { kernel: old } = await first.open();
      const id = old.request('cell-1', 'early()');
      old.input(id);
      old.reply(id);
      old.idle(id);
      await first.vanish();
      const page = await Page.load({ id: 'page-2', restored });
      page.kernels.last.finish(id);
      await settled();
      return page;
    }

    it('loses no run: its notebook tells of it when it is opened', async () => {
      const page = await reloadUnsure();
      expect(page.sink.events).toEqual([]);
      await page.open();
      expect(page.runEvents).toMatchObject([{ code: 'early()', status: 'completed' }]);
    });

    it('tells nothing where its notebook turns out to be of no class', async () => {
      const page = await reloadUnsure();
      await page.open(undefined, 'mine.ipynb');
      expect(page.sink.events).toEqual([]);
    });

    it('forgets the run where its notebook is not among those that are opened again', async () => {
      const page = await reloadUnsure(Promise.resolve());
      await page.vanish();
      const third = await Page.load({ id: 'page-3' });
      expect(third.kernels.connections).toEqual([]);
      expect([page.sink.events, third.sink.events]).toEqual([[], []]);
    });
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

  it('knows for the next page that it is recorded, from when it does', async () => {
    const first = await Page.load({ me: null });
    const { kernel: old } = await first.open();
    const id = old.request('cell-1', 'slow()');
    old.input(id);
    first.recorder.setMe(me);
    await first.vanish();
    const page = await Page.load({ id: 'page-2', restored: Promise.resolve() });
    page.kernels.last.finish(id);
    await settled();
    expect(page.runEvents).toMatchObject([{ code: 'slow()', status: 'completed' }]);
  });

  it('leaves a run that it began itself, and does not know whether to record, to the next page', async () => {
    const first = await Page.load({ me: null, restored: Promise.resolve() });
    const { kernel: old } = await first.open();
    const id = old.request('cell-1', 'slow()');
    old.input(id);
    first.close();
    first.recorder.setMe(me);
    await settled();
    first.kernels.last.finish(id);
    await first.vanish();
    const page = await Page.load({ id: 'page-2' });
    await page.open();
    page.kernels.last.finish(id);
    await settled();
    expect(page.runEvents).toMatchObject([{ code: 'slow()', status: 'completed' }]);
  });

  it('is followed by one of two pages that are loaded at once', async () => {
    const first = await Page.load();
    const { kernel } = await first.open();
    kernel.input(kernel.request('cell-1'));
    await first.vanish();
    const pages = await Promise.all(['page-2', 'page-3'].map(id => Page.load({ id })));
    expect(pages.flatMap(page => page.kernels.connections)).toHaveLength(1);
  });

  it('leaves the runs of another page that is still open alone', async () => {
    const first = await Page.load();
    const { kernel } = await first.open();
    const id = kernel.request('cell-1');
    kernel.input(id);
    await settled();
    const second = await Page.load({ id: 'page-2', living: ['page-1'] });
    await second.open(new FakeKernel('kernel-1'));
    expect(second.kernels.connections).toEqual([]);
  });
});
