import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { ServerMessage } from '../contract';
import { CLASS, ran } from '../testing/examples';
import { ClassSocket } from './socket';
import { FakeWire } from '../testing/wire';

const channel = `class:${CLASS}`;
let wires: FakeWire[];
let signedIn: boolean;
let socket: ClassSocket;
const last = (): FakeWire => wires.at(-1) as FakeWire;

beforeEach(() => {
  vi.useFakeTimers();
  wires = [];
  signedIn = true;
  socket = new ClassSocket({
    class_id: CLASS,
    connect: () => {
      wires.push(new FakeWire());
      return last();
    },
    isSignedIn: () => Promise.resolve(signedIn),
    random: () => 1
  });
});

function live(): void {
  last().says({ event: 'hello', cursors: {} });
  last().says({ event: 'subscribed', channel, cursor: 1 });
}

describe('the socket of a class', () => {
  it('follows its class as soon as the server says hello', () => {
    socket.start();
    last().says({ event: 'hello', cursors: {} });
    expect(last().sent).toEqual([{ subscribe: channel }]);
    expect(socket.connection).toBe('connecting');
    last().says({ event: 'subscribed', channel, cursor: 1 });
    expect(socket.connection).toBe('live');
  });

  it('passes on what its channel says, and nothing else', () => {
    const heard: ServerMessage[] = [];
    socket.onMessage(message => heard.push(message));
    socket.start();
    live();
    const message = ran(2, 'ann', 'a');
    last().says(message);
    last().says({ ...message, channel: 'progress:sensei' });
    expect(heard.slice(1)).toEqual([message]);
  });

  it('comes back after a break, waiting longer each time, at most 15 s', async () => {
    socket.start();
    live();
    const waits = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000];
    for (const [index, wait] of waits.entries()) {
      last().breaks(1006);
      expect(socket.connection).toBe('reconnecting');
      await vi.advanceTimersByTimeAsync(wait - 1);
      expect(wires).toHaveLength(index + 1);
      await vi.advanceTimersByTimeAsync(1);
      expect(wires).toHaveLength(index + 2);
    }
    live();
    last().breaks(1012);
    await vi.advanceTimersByTimeAsync(500);
    expect(wires).toHaveLength(waits.length + 2);
  });

  it('says that the login is gone and stays away', async () => {
    socket.start();
    live();
    last().breaks(1008);
    expect(socket.connection).toBe('signed_out');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(wires).toHaveLength(1);
  });

  it('finds out by asking that a refused connection is a lost login', async () => {
    socket.start();
    signedIn = false;
    last().breaks(1006);
    await vi.advanceTimersByTimeAsync(500);
    expect(socket.connection).toBe('signed_out');
    expect(wires).toHaveLength(1);
  });

  it('stays away where the class is refused', async () => {
    socket.start();
    last().says({ event: 'refused', channel, code: 'not_found', detail: '' });
    last().breaks(1006);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(socket.connection).toBe('refused');
    expect(wires).toHaveLength(1);
  });

  it('connects anew at once when it is told to', () => {
    socket.start();
    live();
    const old = last();
    socket.restart();
    expect(old.closed).toBe(true);
    expect(wires).toHaveLength(2);
    expect(socket.connection).toBe('reconnecting');
  });

  it('ends with its page', async () => {
    const stop = socket.start();
    live();
    stop();
    expect(last().closed).toBe(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(wires).toHaveLength(1);
  });
});
