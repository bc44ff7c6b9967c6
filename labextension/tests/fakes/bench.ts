import { IDBFactory } from 'fake-indexeddb';

import { EventQueue } from '../../src/queue';
import { type ISenderOptions, Sender } from '../../src/sender';
import { chooseTurns } from '../../src/turns';
import { FakeClock, until } from './clock';
import { FakeChannels, FakeTransport, makeEvent, waitingIn } from './sending';

export const INTERVAL_MS = 250;

export const range = (count: number): number[] => Array.from({ length: count }, (_, id) => id);

/** A browser with its database, its clock and its tabs, and the server. */
export class Bench {
  private constructor(readonly queue: EventQueue) {
    this._queues.push(queue);
  }

  static async set(): Promise<Bench> {
    globalThis.indexedDB = new IDBFactory();
    return new Bench(await EventQueue.open('test'));
  }

  readonly clock = new FakeClock();
  readonly server = new FakeTransport();
  readonly page = new EventTarget();
  connects = 0;

  start(options: Partial<ISenderOptions> = {}): Sender {
    const sender = new Sender({
      queue: this.queue,
      connect: async () => {
        this.connects += 1;
        return 'student-01';
      },
      intervalMs: INTERVAL_MS,
      transport: this.server,
      turns: chooseTurns(options.queue ?? this.queue, this.clock, undefined),
      clock: this.clock,
      random: () => 0,
      channel: this._channels.join(),
      window: this.page as Window,
      ...options
    });
    this._senders.push(sender);
    return sender;
  }

  /** Two tabs, each with its own connection to the database; both have found the server. */
  async startTwo(): Promise<Sender[]> {
    const queue = await EventQueue.open('test');
    this._queues.push(queue);
    const tabs = [this.start(), this.start({ queue })];
    while (this.connects < 2) {
      await this.idle();
      this.clock.advance(INTERVAL_MS);
    }
    await this.idle();
    this.clock.advance(INTERVAL_MS);
    return tabs;
  }

  /** Every sender waits for its time, and has counted what waits. */
  async idle(): Promise<void> {
    await until(async () => {
      const count = await waitingIn(this.queue);
      const counted = this._senders.every(({ state }) => state.waiting === count);
      return counted && this.clock.sleepers === this._senders.length && this.clock.nextMs > 0;
    });
  }

  async add(...ids: number[]): Promise<void> {
    await Promise.all(ids.map(id => this.queue.add(makeEvent(id))));
  }

  dispose(): void {
    this._senders.forEach(sender => sender.dispose());
    this._queues.forEach(queue => queue.dispose());
  }

  private readonly _channels = new FakeChannels();
  private readonly _senders: Sender[] = [];
  private readonly _queues: EventQueue[] = [];
}
