/** @jest-environment node */
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';

import events from '../../tests/contract/events.json';
import people from '../../tests/contract/people.json';
import documents from '../../tests/contract/problems.json';
import updates from '../../tests/contract/updates.json';
import {
  type AnyEvent,
  classChannel,
  MAX_BATCH_EVENTS,
  MAX_BODY_BYTES,
  MAX_EVENT_BYTES,
  notificationsChannel,
  progressChannel
} from '../src/contract';
import { me, messages, problems, results } from './fakes/examples';
import { FakeKernel } from './fakes/notebook';
import { cells, Page, PATH } from './fakes/recording';

/** What a lesson's student does: the examples of `events.json` that are marked `recorded`. */
async function recordLesson(): Promise<AnyEvent[]> {
  globalThis.indexedDB = new IDBFactory();
  const page = await Page.load({ sizes: { mimeBytes: 60, outputBytes: 10_000 } });
  const { kernel, context } = await page.open(new FakeKernel('kernel-1'));
  const first = kernel.request('cell-1', 'print("合計", 3)\n1 + 2');
  kernel.input(first, 1);
  kernel.stream(first, '合計 3\n');
  const plot = { 'image/png': 'A'.repeat(61), 'text/plain': '<Figure>' };
  kernel.output('display_data', first, { data: plot, metadata: {} });
  const result = { data: { 'text/plain': '3' }, metadata: {}, execution_count: 1 };
  kernel.output('execute_result', first, result);
  kernel.reply(first);
  kernel.idle(first);
  const second = kernel.request('cell-2', 'x');
  kernel.input(second, 2);
  kernel.failed(second);
  kernel.idle(second);
  const third = kernel.request('cell-2', 'x');
  kernel.input(third, 3);
  context.rename(PATH.replace('variables.ipynb', 'mine.ipynb'));
  kernel.statusChanged.emit('restarting');
  const long = kernel.request('cell-1', '#'.repeat(70_000));
  kernel.input(long, 4);
  kernel.reply(long);
  kernel.idle(long);
  const fifth = kernel.request('cell-2', 'slow()');
  kernel.input(fifth, 5);
  await page.vanish();
  return [...page.sink.events, ...(await recordAfterReload(context.localPath, fifth))].map(
    shortened
  );
}

async function recordAfterReload(path: string, openRequest: string): Promise<AnyEvent[]> {
  const page = await Page.load({ id: 'page-2' });
  await page.open(new FakeKernel('kernel-1'), path, cells.slice(2));
  page.kernels.last.finish(openRequest);
  await page.open(null, 'scratch.ipynb', []);
  await page.recorder.choose('scratch.ipynb', 'statistics');
  await page.vanish();
  return page.sink.events;
}

/** Without the 64 KiB of code that the example does not print. */
function shortened(event: AnyEvent): AnyEvent {
  return 'code' in event && event.code !== undefined
    ? { ...event, code: event.code.slice(0, 40) }
    : event;
}

describe('The contract', () => {
  it('has events whose examples equal what the recorder builds, field by field', async () => {
    const recorded = events.filter(example => 'recorded' in example);
    expect(await recordLesson()).toEqual(recorded.map(example => example.event));
  });

  it('has messages, people and problems whose examples fit the types', () => {
    expect(updates.map(example => example.message)).toEqual(messages);
    expect(people.map(example => example.document)).toEqual([me]);
    expect(documents.map(example => example.document)).toEqual([...problems, results]);
  });

  it('names the channels as the messages do', () => {
    expect(updates.find(({ struct }) => struct === 'Hello')?.message.cursors).toEqual({
      [progressChannel('student-01')]: 7,
      [notificationsChannel('student-01')]: 0
    });
    expect(updates.find(({ struct }) => struct === 'Subscribed')?.message.channel).toBe(
      classChannel('python-intro')
    );
  });

  it('has the bounds that the server has', () => {
    expect(me.limits).toEqual({
      batch_events: MAX_BATCH_EVENTS,
      body_bytes: MAX_BODY_BYTES,
      event_bytes: MAX_EVENT_BYTES
    });
  });
});
