/** @jest-environment node */
import { type Kernel, ServerConnection } from '@jupyterlab/services';

import { listenAs } from '../src/listening';
import { until } from './fakes/clock';

/** A browser's WebSocket whose server is the test. */
class FakeWebSocket {
  static all: FakeWebSocket[] = [];

  constructor(...args: [url: string, protocols?: string[]]) {
    this.args = args;
    FakeWebSocket.all.push(this);
  }

  readonly args: [url: string, protocols?: string[]];
  readonly protocol = '';
  onopen: () => void = () => undefined;
  onclose: (event: object) => void = () => undefined;
  close = jest.fn();
  send = jest.fn();
}

describe('A kernel that is listened to as a client that is gone', () => {
  let kernel: Kernel.IKernelConnection;
  let statuses: Kernel.Status[];
  let answer: () => Response;

  const model = { id: 'kernel-1', name: 'python3', execution_state: 'busy' };
  const there = (): Response => Response.json(model);
  const gone = (): Response => Response.json({}, { status: 404 });
  const failing = (): Response => {
    throw new TypeError('no network');
  };

  const listen = (): void => {
    const listenTo = listenAs(
      ServerConnection.makeSettings({
        baseUrl: 'http://lab/',
        wsUrl: 'ws://lab/',
        fetch: async () => answer(),
        WebSocket: FakeWebSocket as unknown as typeof WebSocket
      })
    );
    kernel = listenTo('kernel-1', 'client-1');
    statuses = [];
    kernel.statusChanged.connect((_, status) => statuses.push(status));
  };

  beforeEach(() => {
    FakeWebSocket.all = [];
    jest.spyOn(console, 'warn').mockImplementation();
    jest.spyOn(console, 'debug').mockImplementation();
  });

  afterEach(() => {
    kernel.dispose();
    jest.restoreAllMocks();
  });

  it('is asked with the id of that client, and no protocol that a proxy may lose', () => {
    answer = there;
    listen();
    expect(FakeWebSocket.all.map(({ args }) => args)).toEqual([
      ['ws://lab/api/kernels/kernel-1/channels?session_id=client-1']
    ]);
  });

  it('is dead where the server knows it no more', async () => {
    answer = gone;
    listen();
    await until(() => kernel.isDisposed);
    expect(statuses).toContain('dead');
  });

  it('is dead as soon as the server has lost it', async () => {
    answer = there;
    listen();
    FakeWebSocket.all[0].onopen();
    expect(kernel.connectionStatus).toBe('connected');
    answer = gone;
    FakeWebSocket.all[0].onclose({ code: 1006 });
    await until(() => kernel.isDisposed);
    expect(statuses).toContain('dead');
  });

  it.each([
    ['the server knows it', there],
    ['the server does not answer', failing]
  ])('is connected to again after a break where %s', async (_, then) => {
    answer = there;
    listen();
    FakeWebSocket.all[0].onopen();
    answer = then;
    FakeWebSocket.all[0].onclose({ code: 1006 });
    await until(() => FakeWebSocket.all.length === 2);
    FakeWebSocket.all[1].onopen();
    expect(kernel.connectionStatus).toBe('connected');
    expect(statuses).not.toContain('dead');
  });

  it('is connected to again where the connection was given up', async () => {
    answer = there;
    listen();
    FakeWebSocket.all[0].onopen();
    jest.useFakeTimers();
    FakeWebSocket.all[0].onclose({ code: 1001 });
    expect(kernel.connectionStatus).toBe('disconnected');
    // The wait, then JupyterLab's own before it connects.
    jest.runOnlyPendingTimers();
    jest.runOnlyPendingTimers();
    jest.useRealTimers();
    expect(FakeWebSocket.all).toHaveLength(2);
    FakeWebSocket.all[1].onopen();
    expect(kernel.connectionStatus).toBe('connected');
  });
});
