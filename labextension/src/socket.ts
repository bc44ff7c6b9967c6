/** The updates of the service, over a WebSocket that comes back by itself. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { type IClock, systemClock } from './clock';
import type {
  DeliveryUpdate,
  ErrorAlert,
  ExecutionUpdate,
  NotebookUpdate,
  ProgressUpdate,
  ServerMessage
} from './contract';

/** A message of a channel. */
export type UpdateMessage =
  ExecutionUpdate | ProgressUpdate | ErrorAlert | NotebookUpdate | DeliveryUpdate;

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
const SLOW_WAIT_MS = 60_000;
const LOGIN_GONE = 1008;

/** What a socket works with; the rest than `settings` is for tests. */
export interface IUpdateSocketOptions {
  settings?: ServerConnection.ISettings;
  clock?: IClock;
  random?: () => number;
  window?: Pick<Window, 'addEventListener' | 'removeEventListener'>;
}

/**
 * Connects when made, and again whenever the connection ends. A user's own channels need no
 * subscription. What a break cost is told by `snapshotNeeded`.
 */
export class UpdateSocket implements IDisposable {
  constructor(options: IUpdateSocketOptions = {}) {
    this._settings = options.settings ?? ServerConnection.makeSettings();
    this._clock = options.clock ?? systemClock;
    this._random = options.random ?? Math.random;
    this._window = options.window ?? window;
    WINDOW_EVENTS.forEach(name => this._window.addEventListener(name, this));
    void this._run();
  }

  /** Emitted for each update. */
  get message(): ISignal<this, UpdateMessage> {
    return this._message;
  }

  /** Emitted with a channel of which updates were missed. */
  get snapshotNeeded(): ISignal<this, string> {
    return this._snapshotNeeded;
  }

  /** Whether updates arrive. */
  get isConnected(): boolean {
    return this._isConnected;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  handleEvent(): void {
    this._woken.abort();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._woken.abort();
    this._socket?.close();
    WINDOW_EVENTS.forEach(name => this._window.removeEventListener(name, this));
    Signal.clearData(this);
  }

  private async _run(): Promise<void> {
    while (!this._isDisposed) {
      const code = await this._connection();
      this._isConnected = false;
      this._failures += 1;
      this._woken = new AbortController();
      if (!this._isDisposed) {
        await this._clock.sleep(this._waitMs(code), this._woken.signal);
      }
    }
  }

  /** Resolves with the close code when the connection has ended. */
  private _connection(): Promise<number> {
    return new Promise(resolve => {
      const socket = new this._settings.WebSocket(this._url());
      this._socket = socket;
      socket.onmessage = event => this._onMessage(String(event.data));
      socket.onclose = event => resolve(event.code);
    });
  }

  private _url(): string {
    const url = URLExt.join(this._settings.wsUrl, 'api/v1/ws');
    const { appendToken, token } = this._settings;
    return appendToken && token ? `${url}?token=${encodeURIComponent(token)}` : url;
  }

  private _waitMs(code: number): number {
    const own = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(this._failures - 1, 16));
    return (code === LOGIN_GONE ? SLOW_WAIT_MS : own) * (0.5 + this._random() / 2);
  }

  private _onMessage(data: string): void {
    const message = parse(data);
    if (!message || this._isDisposed) {
      return;
    }
    if (message.event === 'hello') {
      this._failures = 0;
      this._isConnected = true;
      Object.entries(message.cursors).forEach(([channel, cursor]) => {
        this._advance(channel, cursor, true);
      });
    } else if (message.event === 'snapshot_needed') {
      this._cursors.set(message.channel, message.cursor);
      this._snapshotNeeded.emit(message.channel);
    } else if (message.event !== 'subscribed' && message.event !== 'refused') {
      this._advance(message.channel, message.cursor, false);
      this._message.emit(message);
    }
  }

  /** A server that starts anew may count from below: any other cursor asks for a snapshot. */
  private _advance(channel: string, cursor: number, isHello: boolean): void {
    const known = this._cursors.get(channel);
    this._cursors.set(channel, cursor);
    if (isHello && known !== cursor) {
      this._snapshotNeeded.emit(channel);
    }
  }

  private readonly _settings: ServerConnection.ISettings;
  private readonly _clock: IClock;
  private readonly _random: () => number;
  private readonly _window: Pick<Window, 'addEventListener' | 'removeEventListener'>;
  private readonly _message = new Signal<this, UpdateMessage>(this);
  private readonly _snapshotNeeded = new Signal<this, string>(this);
  private readonly _cursors = new Map<string, number>();
  private _socket: WebSocket | null = null;
  private _woken = new AbortController();
  private _failures = 0;
  private _isConnected = false;
  private _isDisposed = false;
}

const WINDOW_EVENTS = ['online', 'focus'];

function parse(data: string): ServerMessage | null {
  try {
    const message = JSON.parse(data) as Partial<ServerMessage> | null;
    return message && typeof message.event === 'string' ? (message as ServerMessage) : null;
  } catch {
    return null;
  }
}
