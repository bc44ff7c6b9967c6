import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';

import type { JsonObject } from '../../src/contract';
import { KernelWatch } from '../../src/kernels';
import type { Listen } from '../../src/listening';

/** A cell as the recorder sees it. */
export interface IFakeCell {
  id: string;
  type: string;
  source: string;
  metadata?: JsonObject;
}

/** The kernel's clock: µs since 1970, one millisecond and one µs later at each message. */
export class KernelClock {
  micros = Date.UTC(2026, 3, 1, 9) * 1000;

  next(): string {
    this.micros += 1_001;
    const seconds = Math.floor(this.micros / 1_000_000);
    const text = new Date(seconds * 1000).toISOString().slice(0, 19);
    return `${text}.${String(this.micros % 1_000_000).padStart(6, '0')}Z`;
  }
}

/** A kernel connection whose messages a test sends and receives. */
export class FakeKernel {
  constructor(
    readonly id: string,
    private _clock = new KernelClock(),
    readonly clientId = 'client-1'
  ) {}

  readonly disposed = new Signal<this, void>(this);
  isDisposed = false;
  status: Kernel.Status = 'unknown';
  connectionStatus: Kernel.ConnectionStatus = 'connecting';

  /** Make the connection, or lose it. */
  connect(status: Kernel.ConnectionStatus): void {
    this.connectionStatus = status;
    this.connectionStatusChanged.emit(status);
  }

  dispose(): void {
    this.isDisposed = true;
    this.disposed.emit();
  }

  readonly anyMessage = new Signal<this, Kernel.IAnyMessageArgs>(this);
  readonly statusChanged = new Signal<this, Kernel.Status>(this);
  readonly connectionStatusChanged = new Signal<this, Kernel.ConnectionStatus>(this);

  /** The barrier: what each `requestKernelInfo` waits for. */
  infoAnswer: Promise<undefined> = new Promise(() => undefined);
  infoAnswers: Promise<undefined>[] = [];

  requestKernelInfo(): Promise<undefined> {
    return this.infoAnswers.shift() ?? this.infoAnswer;
  }

  /** The browser asks the kernel to run `code`. Returns the id of the request. */
  request(cellId: string | null, code = '1 + 1', content: JsonObject = {}): string {
    const msgId = `${this.clientId}-request-${++this._count}`;
    const metadata = cellId === null ? {} : { cellId };
    const sent = { code, silent: false, store_history: true, ...content };
    this._emit('send', 'execute_request', 'shell', null, sent, { msgId, metadata });
    return msgId;
  }

  input(parent: string, count = 1): void {
    this.receive('execute_input', parent, { code: '', execution_count: count });
  }

  output(type: string, parent: string, content: JsonObject): void {
    this.receive(type, parent, content);
  }

  stream(parent: string, text: string, name = 'stdout', msgId?: string): void {
    const content = { name, text };
    this._emit('recv', 'stream', 'iopub', parent, content, { msgId });
  }

  reply(parent: string, content: JsonObject = { status: 'ok', execution_count: 1 }): void {
    this._emit('recv', 'execute_reply', 'shell', parent, content, {});
  }

  failed(parent: string, ename = 'NameError'): JsonObject {
    const error = { ename, evalue: "name 'x' is not defined", traceback: ['line 1', 'line 2'] };
    this.receive('error', parent, error);
    this.reply(parent, { status: 'error', execution_count: 1, ...error });
    return error;
  }

  busy(parent: string): void {
    this.receive('status', parent, { execution_state: 'busy' });
  }

  idle(parent: string): void {
    this.receive('status', parent, { execution_state: 'idle' });
  }

  /** A run is over without an error. */
  finish(parent: string): void {
    this.reply(parent);
    this.idle(parent);
  }

  /** A whole run without an error. */
  run(cellId: string, count = 1, code = '1 + 1'): string {
    const id = this.request(cellId, code);
    this.input(id, count);
    this.finish(id);
    return id;
  }

  receive(type: string, parent: string, content: JsonObject, metadata: JsonObject = {}): void {
    this._emit('recv', type, 'iopub', parent, content, { metadata });
  }

  private _emit(
    direction: 'send' | 'recv',
    type: string,
    channel: string,
    parent: string | null,
    content: JsonObject,
    { msgId = `${this.clientId}-${++this._count}`, metadata = {} as JsonObject }
  ): void {
    const msg = {
      header: { msg_id: msgId, msg_type: type, session: this.clientId, date: this._clock.next() },
      parent_header: parent === null ? {} : { msg_id: parent },
      metadata,
      content,
      channel
    } as unknown as KernelMessage.IMessage;
    this.anyMessage.emit({ msg, direction });
  }

  private _count = 0;
}

/** Connects to kernels, and remembers the connections. */
export class FakeKernels {
  readonly connections: FakeKernel[] = [];
  /** The last connection is made as this client. */
  setClient: (clientId: string) => void = () => undefined;

  readonly listen: Listen = ({ kernelId, clientId }, runs, onClient) => {
    const kernel = new FakeKernel(kernelId, new KernelClock(), clientId);
    this.connections.push(kernel);
    this.setClient = onClient;
    const watch = new KernelWatch(kernel as unknown as Kernel.IKernelConnection, runs);
    this._gone = () => runs.abandonAll();
    return {
      listening: new Promise(resolve => {
        kernel.connectionStatusChanged.connect((_, status) => {
          if (status === 'connected') {
            resolve();
          }
        });
      }),
      get isConnected(): boolean {
        return kernel.connectionStatus === 'connected';
      },
      isDisposed: kernel.isDisposed,
      dispose: () => {
        watch.dispose();
        kernel.dispose();
      }
    };
  };

  /** The server knows the kernel of the last connection no more. */
  shutDown(): void {
    this._gone();
  }

  /** The connection made last. */
  get last(): FakeKernel {
    return this.connections[this.connections.length - 1];
  }

  private _gone: () => void = () => undefined;
}

/** A notebook's context, with its session and model. */
export class FakeContext {
  constructor(
    private _path: string,
    cells: IFakeCell[],
    kernel: FakeKernel | null
  ) {
    this.cells = cells.map(asModel);
    this.sessionContext.session = kernel === null ? null : { kernel };
  }

  cells: ReturnType<typeof asModel>[];
  metadata: JsonObject = {};
  ready: Promise<void> = Promise.resolve();
  readonly pathChanged = new Signal<this, string>(this);
  readonly disposed = new Signal<this, void>(this);

  readonly sessionContext = {
    session: null as { kernel: FakeKernel } | null,
    ready: Promise.resolve(),
    kernelChanged: new Signal<object, void>({})
  };

  readonly model = {
    nbformatMinor: 5,
    cells: {
      changed: new Signal<object, void>({}),
      get: (index: number) => this.cells[index],
      length: 0
    },
    metadataChanged: new Signal<object, void>({}),
    getMetadata: (name: string) => this.metadata[name]
  };

  get localPath(): string {
    return this._path;
  }

  rename(path: string): void {
    this._path = path;
    this.pathChanged.emit(path);
  }

  setCells(cells: IFakeCell[]): void {
    this.cells = cells.map(asModel);
    this.model.cells.length = cells.length;
    this.model.cells.changed.emit();
  }

  setKernel(kernel: FakeKernel | null): void {
    this.sessionContext.session = kernel === null ? null : { kernel };
    this.sessionContext.kernelChanged.emit();
  }
}

/** A view of a notebook. */
export function makePanel(context: FakeContext): NotebookPanel {
  context.model.cells.length = context.cells.length;
  const panel = { context, content: { widgets: [] as object[] }, disposed: new Signal({}) };
  return panel as unknown as NotebookPanel;
}

/** A tracker whose notebooks a test opens. */
export class FakeTracker {
  currentWidget: NotebookPanel | null = null;
  readonly widgetAdded = new Signal<this, NotebookPanel>(this);
  readonly currentChanged = new Signal<this, NotebookPanel | null>(this);

  forEach(visit: (panel: NotebookPanel) => void): void {
    this._panels.forEach(visit);
  }

  open(context: FakeContext): NotebookPanel {
    const panel = makePanel(context);
    this._panels.push(panel);
    this.widgetAdded.emit(panel);
    this.currentWidget = panel;
    this.currentChanged.emit(panel);
    return panel;
  }

  asTracker(): INotebookTracker {
    return this as unknown as INotebookTracker;
  }

  private _panels: NotebookPanel[] = [];
}

function asModel({ id, type, source, metadata = {} }: IFakeCell) {
  return {
    id,
    type,
    sharedModel: { getSource: () => source },
    getMetadata: (name: string) => metadata[name]
  };
}
