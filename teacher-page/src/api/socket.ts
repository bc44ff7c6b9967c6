/** The page's WebSocket: follows one class, and comes back after a break. */

import { classChannel } from '../contract';
import type { ServerMessage } from '../contract';

export type Connection = 'connecting' | 'live' | 'reconnecting' | 'signed_out' | 'refused';

/** The part of a browser's WebSocket that is used here. */
export type Wire = Pick<WebSocket, 'send' | 'close'> & {
  onmessage: ((event: MessageEvent<string>) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
};

/** `connect` opens a socket; `isSignedIn` asks the service; `random` is 0 to 1. */
export interface SocketOptions {
  class_id: string;
  connect: () => Wire;
  isSignedIn: () => Promise<boolean>;
  random: () => number;
}

const LOGIN_IS_GONE = 1008;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

export class ClassSocket {
  constructor(private readonly options: SocketOptions) {}

  get connection(): Connection {
    return this.state;
  }

  /** Connects; the returned function ends it. */
  start(): () => void {
    this.stopped = false;
    this.open();
    return () => {
      this.stopped = true;
      clearTimeout(this.timer);
      this.drop();
      this.move('connecting');
    };
  }

  /** Connects anew at once: the line may be dead, or the network has come back. */
  restart(): void {
    if (!this.stopped && this.state !== 'signed_out' && this.state !== 'refused') {
      clearTimeout(this.timer);
      this.drop();
      this.move('reconnecting');
      this.open();
    }
  }

  readonly onMessage = (listener: (message: ServerMessage) => void): (() => void) => {
    this.messageListeners.add(listener);
    return () => this.messageListeners.delete(listener);
  };

  readonly onConnection = (listener: () => void): (() => void) => {
    this.connectionListeners.add(listener);
    return () => this.connectionListeners.delete(listener);
  };

  private open(): void {
    const wire = this.options.connect();
    this.wire = wire;
    wire.onmessage = event => this.receive(JSON.parse(event.data) as ServerMessage);
    wire.onclose = event => this.closed(event.code);
  }

  private receive(message: ServerMessage): void {
    const channel = classChannel(this.options.class_id);
    if (message.event === 'hello') {
      this.wire?.send(JSON.stringify({ subscribe: channel }));
    } else if (message.channel === channel) {
      this.take(message);
    }
  }

  private take(message: Exclude<ServerMessage, { event: 'hello' }>): void {
    if (message.event === 'subscribed') {
      this.failures = 0;
      this.move('live');
    } else if (message.event === 'refused') {
      this.move('refused');
    }
    for (const listener of [...this.messageListeners]) {
      listener(message);
    }
  }

  private closed(code: number): void {
    this.drop();
    if (this.state === 'refused') {
      return;
    }
    this.move('reconnecting');
    if (code === LOGIN_IS_GONE) {
      this.move('signed_out');
      return;
    }
    this.failures += 1;
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (this.failures - 1));
    this.timer = setTimeout(() => void this.again(), wait * (0.5 + this.options.random() / 2));
  }

  // A refused handshake looks like any lost connection: the service must be asked.
  private async again(): Promise<void> {
    const signedIn = await this.options.isSignedIn();
    if (this.stopped || this.wire) {
      return;
    }
    if (signedIn) {
      this.open();
    } else {
      this.move('signed_out');
    }
  }

  private drop(): void {
    if (this.wire) {
      this.wire.onmessage = null;
      this.wire.onclose = null;
      this.wire.close();
      this.wire = null;
    }
  }

  private move(state: Connection): void {
    if (state !== this.state) {
      this.state = state;
      for (const listener of [...this.connectionListeners]) {
        listener();
      }
    }
  }

  private state: Connection = 'connecting';
  private stopped = true;
  private failures = 0;
  private wire: Wire | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly messageListeners = new Set<(message: ServerMessage) => void>();
  private readonly connectionListeners = new Set<() => void>();
}
