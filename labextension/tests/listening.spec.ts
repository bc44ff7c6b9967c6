/** @jest-environment node */
import { ServerConnection } from '@jupyterlab/services';

import type { Runs } from '../src/executions';
import { Listener } from '../src/listening';
import { FakeClock, until } from './fakes/clock';

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

  get clientId(): string | null {
    return new URL(this.args[0]).searchParams.get('session_id');
  }
}

describe('A kernel that is listened to in place of a client that is gone', () => {
  let listener: Listener;
  let clock: FakeClock;
  let answers: (() => Response)[];
  const onClient = jest.fn();
  const runs = { abandonAll: jest.fn(), settle: jest.fn(), take: jest.fn() };

  const model = (fields: object) => (): Response =>
    Response.json({ id: 'kernel-1', name: 'python3', execution_state: 'busy', ...fields });
  const free = model({ connections: 0 });
  const taken = model({ connections: 1 });
  const idle = model({ connections: 1, execution_state: 'idle' });
  const gone = (): Response => Response.json({}, { status: 404 });
  const refusing = (): Response => Response.json({}, { status: 403 });
  const failing = (): Response => {
    throw new TypeError('no network');
  };

  /** The server's answers, the last of them to all further questions. */
  const listen = (...given: (() => Response)[]): void => {
    answers = given;
    clock = new FakeClock();
    const settings = ServerConnection.makeSettings({
      baseUrl: 'http://lab/',
      wsUrl: 'ws://lab/',
      fetch: async () => (answers.length > 1 ? answers.shift() : answers[0])?.() as Response,
      WebSocket: FakeWebSocket as unknown as typeof WebSocket
    });
    const client = { kernelId: 'kernel-1', clientId: 'client-1' };
    listener = new Listener(client, runs as unknown as Runs, onClient, { settings, clock });
  };

  const checkAgain = async (): Promise<void> => {
    await until(() => clock.sleepers === 1);
    clock.advance(clock.nextMs);
  };

  const sockets = async (count: number): Promise<FakeWebSocket> => {
    await until(() => FakeWebSocket.all.length === count);
    return FakeWebSocket.all[count - 1];
  };

  beforeEach(() => {
    FakeWebSocket.all = [];
    ['warn', 'debug'].forEach(name => jest.spyOn(console, name as 'warn').mockImplementation());
    [onClient, ...Object.values(runs)].forEach(mock => mock.mockClear());
  });

  afterEach(() => {
    // One that is connected is closed at once.
    FakeWebSocket.all.forEach(socket => socket.onopen());
    listener.dispose();
    jest.restoreAllMocks();
  });

  it('is asked as that client, with no protocol that a proxy may lose', async () => {
    listen(free);
    const { args } = await sockets(1);
    expect(args).toEqual(['ws://lab/api/kernels/kernel-1/channels?session_id=client-1']);
  });

  it('is listened to from when its socket is open', async () => {
    listen(free);
    const isListening = jest.fn();
    void listener.listening.then(isListening);
    const socket = await sockets(1);
    expect(isListening).not.toHaveBeenCalled();
    socket.onopen();
    await until(() => isListening.mock.calls.length === 1);
  });

  it('is asked as that client where the last connection goes in a moment', async () => {
    listen(taken, free);
    await checkAgain();
    expect((await sockets(1)).clientId).toBe('client-1');
    expect(onClient).not.toHaveBeenCalled();
  });

  it('is asked as a new client where somebody else is connected, who is left alone', async () => {
    listen(taken);
    await checkAgain();
    const { clientId } = await sockets(1);
    expect(clientId).not.toBe('client-1');
    expect(onClient).toHaveBeenCalledWith(clientId);
  });

  it('is asked as that new client again after a break', async () => {
    listen(taken, taken, free);
    await checkAgain();
    const socket = await sockets(1);
    socket.onopen();
    socket.onclose({ code: 1001 });
    await checkAgain();
    expect((await sockets(2)).clientId).toBe(socket.clientId);
  });

  it.each([
    ['knows it no more', gone],
    ['could not start it anew', model({ execution_state: 'dead' })]
  ])('has ended its runs where the server %s', async (_, answer) => {
    listen(answer);
    await listener.listening;
    expect(runs.abandonAll).toHaveBeenCalledTimes(1);
    expect(FakeWebSocket.all).toEqual([]);
  });

  it('has ended its runs as soon as the server has lost it', async () => {
    listen(free, gone);
    (await sockets(1)).onopen();
    expect(runs.abandonAll).not.toHaveBeenCalled();
    await checkAgain();
    await until(() => runs.abandonAll.mock.calls.length === 1);
  });

  it('is asked whether all is over where the server says that it is idle', async () => {
    listen(free, idle);
    (await sockets(1)).onopen();
    runs.settle.mockClear();
    await checkAgain();
    await until(() => runs.settle.mock.calls.length === 1);
    expect(FakeWebSocket.all).toHaveLength(1);
  });

  it.each([
    ['does not answer', failing],
    ['refuses', refusing]
  ])('keeps its runs where the server %s, and is listened to later', async (_, answer) => {
    listen(answer, answer, free);
    await checkAgain();
    await checkAgain();
    await sockets(1);
    expect(runs.abandonAll).not.toHaveBeenCalled();
  });

  it.each([
    ['refuses the next one', refusing, 1006],
    ['closes it for good', free, 1001]
  ])('is connected to again where the server %s', async (_, answer, code) => {
    listen(free, answer, free);
    const socket = await sockets(1);
    socket.onopen();
    socket.onclose({ code });
    if (code === 1006) {
      (await sockets(2)).onclose({ code });
    }
    const before = FakeWebSocket.all.length;
    await checkAgain();
    await checkAgain();
    expect((await sockets(before + 1)).clientId).toBe('client-1');
    expect(runs.abandonAll).not.toHaveBeenCalled();
  });

  it('is left alone when the listener is disposed', async () => {
    const failed = jest.fn();
    process.on('unhandledRejection', failed);
    listen(free);
    const socket = await sockets(1);
    socket.onopen();
    listener.dispose();
    await until(() => socket.close.mock.calls.length > 0);
    expect(clock.sleepers).toBe(0);
    process.off('unhandledRejection', failed);
    expect(failed).not.toHaveBeenCalled();
  });
});
