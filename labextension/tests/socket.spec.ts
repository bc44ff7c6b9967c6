/** @jest-environment node */
import { ServerConnection } from '@jupyterlab/services';

import { type UpdateMessage, UpdateSocket } from '../src/socket';
import { FakeClock, until } from './fakes/clock';

/** A browser's WebSocket whose server is the test. */
class FakeWebSocket {
  static all: FakeWebSocket[] = [];

  constructor(readonly url: string) {
    FakeWebSocket.all.push(this);
  }

  onmessage: (event: { data: string }) => void = () => undefined;
  onclose: (event: { code: number }) => void = () => undefined;
  isClosed = false;

  say(message: unknown): void {
    this.onmessage({ data: typeof message === 'string' ? message : JSON.stringify(message) });
  }

  close(): void {
    this.isClosed = true;
  }
}

const progress = {
  event: 'progress_update',
  channel: 'progress:a',
  cursor: 5,
  student_id: 'a',
  notebook_path: 'x.ipynb',
  timestamp: '2026-04-01T09:00:00Z',
  completed_cells: 1,
  total_cells: 2,
  progress_rate: 0.5
};

describe('UpdateSocket', () => {
  let socket: UpdateSocket;
  let clock: FakeClock;
  let page: EventTarget;
  let missed: string[];
  let messages: UpdateMessage[];

  const open = (token = ''): void => {
    socket = new UpdateSocket({
      settings: ServerConnection.makeSettings({
        wsUrl: 'ws://lab/user/a/',
        token,
        appendToken: true,
        WebSocket: FakeWebSocket as unknown as typeof WebSocket
      }),
      clock,
      random: () => 1,
      window: page as Window
    });
    socket.snapshotNeeded.connect((_, channel) => missed.push(channel));
    socket.message.connect((_, message) => messages.push(message));
  };

  const latest = (): FakeWebSocket => FakeWebSocket.all[FakeWebSocket.all.length - 1];

  /** The connection ends; returns ms until the next one is tried. */
  const end = async (code: number): Promise<number> => {
    latest().onclose({ code });
    await until(() => clock.sleepers === 1);
    return clock.nextMs;
  };

  const comeBack = async (): Promise<void> => {
    const count = FakeWebSocket.all.length;
    clock.advance(clock.nextMs);
    await until(() => FakeWebSocket.all.length > count);
  };

  beforeEach(() => {
    FakeWebSocket.all = [];
    clock = new FakeClock();
    page = new EventTarget();
    missed = [];
    messages = [];
    open();
  });

  afterEach(() => socket.dispose());

  it('connects to the own server without a token in the address', () => {
    expect(latest().url).toBe('ws://lab/user/a/api/v1/ws');
  });

  it('adds a token where JupyterLab itself needs one', () => {
    socket.dispose();
    open('a b');
    expect(latest().url).toBe('ws://lab/user/a/api/v1/ws?token=a%20b');
  });

  it('passes updates on', () => {
    latest().say({ event: 'hello', cursors: { 'progress:a': 4 } });
    latest().say(progress);
    expect(messages).toEqual([progress]);
    expect(socket.isConnected).toBe(true);
  });

  it('is not confused by what it does not understand', () => {
    ['', 'null', '[]', '{"event": 1}', '{'].forEach(text => latest().say(text));
    latest().say(progress);
    expect(messages).toHaveLength(1);
  });

  it('asks for a snapshot when it meets a channel', () => {
    latest().say({ event: 'hello', cursors: { 'progress:a': 4 } });
    expect(missed).toEqual(['progress:a']);
  });

  it('asks for a snapshot of exactly the channels that moved on during a break', async () => {
    latest().say({ event: 'hello', cursors: { 'progress:a': 4, 'notifications:a': 1 } });
    latest().say(progress);
    missed = [];
    await end(1012);
    expect(socket.isConnected).toBe(false);
    await comeBack();
    latest().say({ event: 'hello', cursors: { 'progress:a': 5, 'notifications:a': 2 } });
    expect(missed).toEqual(['notifications:a']);
  });

  it('asks for a snapshot when the server says that too much was missed', () => {
    latest().say({ event: 'snapshot_needed', channel: 'progress:a', cursor: 9 });
    expect(missed).toEqual(['progress:a']);
  });

  it('waits longer after each break in a row, and briefly again after a good connection', async () => {
    expect(await end(1006)).toBe(1_000);
    await comeBack();
    expect(await end(1006)).toBe(2_000);
    await comeBack();
    latest().say({ event: 'hello', cursors: {} });
    expect(await end(1006)).toBe(1_000);
  });

  it('comes back slowly when the login is gone, but at once when the student does', async () => {
    expect(await end(1008)).toBe(60_000);
    page.dispatchEvent(new Event('focus'));
    await until(() => FakeWebSocket.all.length === 2);
  });

  it('closes its connection, and does not come back, when it is disposed', async () => {
    socket.dispose();
    expect(latest().isClosed).toBe(true);
    latest().onclose({ code: 1000 });
    await new Promise(resolve => setImmediate(resolve));
    expect(clock.sleepers).toBe(0);
    expect(FakeWebSocket.all).toHaveLength(1);
  });
});
