import { createHash } from 'node:crypto';

import type { AnyEvent, CellExecutionStart, Me } from '../../src/contract';
import { type ILoss, QueueConnection } from '../../src/database';
import { Disk } from '../../src/disk';
import type { IEventSink } from '../../src/interfaces';
import { Journal } from '../../src/journal';
import type { ISizes } from '../../src/outputs';
import { Recorder } from '../../src/recorder';
import { RecorderStore } from '../../src/store';
import {
  FakeContext,
  FakeKernel,
  FakeKernels,
  FakeTracker,
  type IFakeCell,
  KernelClock
} from './notebook';

export const PATH = 'assignments/python-intro/01-variables/variables.ipynb';

export const me: Me = {
  name: 'student-01',
  display_name: 'student-01',
  classes: [
    { class_id: 'python-intro', title: 'python-intro', role: 'student' },
    { class_id: 'statistics', title: 'statistics', role: 'student' }
  ],
  may_teach: false,
  notebook_patterns: ['assignments/{class_id}/{assignment}/**'],
  collects: ['code', 'output', 'error'],
  limits: { batch_events: 100, body_bytes: 1_048_576, event_bytes: 262_144 },
  version: '0.1.0'
};

export const cells: IFakeCell[] = [
  { id: 'cell-0', type: 'markdown', source: '# 変数' },
  {
    id: 'cell-1',
    type: 'code',
    source: '',
    metadata: {
      nbgrader: { grade_id: 'squares', solution: true, grade: true, points: 2, task: false }
    }
  },
  { id: 'cell-2', type: 'code', source: 'x' }
];

/** Takes events into a list. */
export class MemorySink implements IEventSink {
  readonly events: AnyEvent[] = [];
  readonly losses: ILoss[] = [];

  async add(event: AnyEvent): Promise<void> {
    this.events.push(event);
  }

  async lose(loss: ILoss): Promise<void> {
    this.losses.push(loss);
  }

  get types(): string[] {
    return this.events.map(event => event.event_type);
  }
}

const loaded: Page[] = [];

// What waits for a while would keep the process from its end.
afterEach(() => loaded.splice(0).forEach(page => page.recorder.dispose()));

/** One page load of a student's lab. */
export class Page {
  private constructor(
    readonly id: string,
    readonly runs: Journal,
    private readonly _connections: { close(): void }[],
    readonly tracker: FakeTracker,
    readonly sink: MemorySink,
    readonly kernels: FakeKernels,
    readonly recorder: Recorder
  ) {}

  static async load(
    options: {
      id?: string;
      me?: Me | null;
      living?: string[];
      sizes?: ISizes;
      /** What JupyterLab waits for before it opens the notebooks of the last page. */
      restored?: Promise<void>;
    } = {}
  ): Promise<Page> {
    const { id = 'page-1', living = [] } = options;
    const store = await RecorderStore.open('test');
    const connection = await QueueConnection.open('test');
    const runs = new Journal(connection, new Disk(connection), async () => undefined);
    const [tracker, sink, kernels] = [new FakeTracker(), new MemorySink(), new FakeKernels()];
    let count = 0;
    const prefix = id === 'page-1' ? '0' : id.slice(-1);
    const recorder = await Recorder.create({
      tracker: tracker.asTracker(),
      sink,
      runs,
      listen: kernels.listen,
      store,
      pages: {
        id,
        silent: async ids => new Set([...ids].filter(page => !living.includes(page)))
      },
      source: {
        newId: () => `019d4000-000${prefix}-7000-8000-${String(++count).padStart(12, '0')}`,
        now: () => new Date('2026-04-01T09:00:00.123Z')
      },
      sizes: () => options.sizes ?? { mimeBytes: 65_536, outputBytes: 131_072 },
      restored: options.restored ?? new Promise(() => undefined)
    });
    if (options.me !== null) {
      recorder.setMe(options.me ?? me);
    }
    await settled();
    const connections = [connection, { close: () => store.dispose() }];
    const page = new Page(id, runs, connections, tracker, sink, kernels, recorder);
    loaded.push(page);
    return page;
  }

  /** Open a notebook and wait until it is watched. */
  async open(
    kernel: FakeKernel | null = new FakeKernel('kernel-1', new KernelClock()),
    path = PATH,
    ofCells = cells
  ): Promise<{ kernel: FakeKernel; context: FakeContext }> {
    const context = new FakeContext(path, ofCells, kernel);
    this.tracker.open(context);
    this._context = context;
    await settled();
    return { kernel: kernel as FakeKernel, context };
  }

  /** Close the notebook that was opened last. */
  close(): void {
    this._context?.disposed.emit();
  }

  /** The events but the notebooks' openings. */
  get runEvents(): AnyEvent[] {
    return this.sink.events.filter(event => event.event_type !== 'notebook_opened');
  }

  /** The page is gone: its tab closed or reloaded, and nothing of it was disposed. */
  async vanish(): Promise<void> {
    await settled();
    await this.runs.close();
    this._connections.forEach(connection => connection.close());
  }

  private _context: FakeContext | null = null;
}

/** `before`: the start of the run that is going on; `ids`: its request, and the one that waits. */
export interface IReloaded {
  before: CellExecutionStart;
  page: Page;
  kernel: FakeKernel;
  ids: string[];
}

/** A page that follows what `page-1` left: a run that is going on, and one that waits. */
export async function reload(): Promise<IReloaded> {
  const first = await Page.load();
  const { kernel: old } = await first.open();
  const ids = [old.request('cell-1', 'slow()'), old.request('cell-2', 'next()')];
  old.input(ids[0], 4);
  await first.vanish();
  const page = await Page.load({ id: 'page-2' });
  return {
    before: first.runEvents[0] as CellExecutionStart,
    page,
    kernel: page.kernels.last,
    ids
  };
}

// Node's own answers from another thread, at any time; here it answers within the turn.
jest.spyOn(crypto.subtle, 'digest').mockImplementation(async (_, data) => {
  const digest = createHash('sha256')
    .update(data as Uint8Array)
    .digest();
  return new Uint8Array(digest).buffer;
});

/** Let promises and the in-memory database come to rest. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) {
    await new Promise(resolve => setImmediate(resolve));
  }
}
