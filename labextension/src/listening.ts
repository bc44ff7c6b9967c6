/** Listens to a kernel in place of a connection that is gone. */

import { KernelAPI, KernelConnection, type ServerConnection } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';

import type { IClock } from './clock';
import type { Runs } from './executions';
import { KernelWatch } from './kernels';

// How often the server is asked whether the kernel is still there, and busy.
const CHECK_MS = 30_000;
// A connection whose page or notebook was closed a moment ago may still be counted.
const CLOSING_MS = 250;
const CONNECTING_MS = 5_000;

/** A connection to a kernel. */
export interface IClient {
  kernelId: string;
  clientId: string;
}

/** What listens until it is disposed. */
export interface IListener extends IDisposable {
  /** Resolves when it hears the kernel, or that there is none. */
  readonly listening: Promise<void>;
  readonly isConnected: boolean;
}

/** Lets runs hear their kernel; `onClient` is told as which client, where it is not the former. */
export type Listen = (
  client: IClient,
  runs: Runs,
  onClient: (clientId: string) => void
) => IListener;

/** What a listener needs. */
export interface IListenerOptions {
  settings: ServerConnection.ISettings;
  clock: IClock;
}

/**
 * Connects as the client that is gone: to that one the server sends what it has kept for it.
 *
 * It keeps it only while nobody is connected. Where somebody is, this comes as a client of its own.
 */
export class Listener implements IListener {
  constructor(
    private _client: IClient,
    private _runs: Runs,
    private _onClient: (clientId: string) => void,
    private _options: IListenerOptions
  ) {
    this.listening = new Promise(resolve => (this._onListening = resolve));
    void this._listen();
  }

  readonly listening: Promise<void>;

  get isConnected(): boolean {
    return this._watch?.kernel.connectionStatus === 'connected';
  }

  get isDisposed(): boolean {
    return this._over.signal.aborted;
  }

  dispose(): void {
    this._over.abort();
    this._disconnect();
  }

  private async _listen(): Promise<void> {
    while (!this.isDisposed) {
      await this._check();
      await this._options.clock.sleep(CHECK_MS, this._over.signal);
    }
  }

  private async _check(): Promise<void> {
    const model = await this._ask();
    if (this.isDisposed || model === 'no answer') {
      return;
    }
    if (model === undefined || model.execution_state === 'dead') {
      this._runs.abandonAll();
      this._onListening();
    } else if (this._watch === null || this._isLost) {
      await this._connect((model.connections ?? 0) > 0);
    } else if (model.execution_state === 'idle') {
      void this._runs.settle(this._watch.kernel);
    }
  }

  /** What the server knows of the kernel; undefined where there is none. */
  private async _ask() {
    try {
      return await KernelAPI.getKernelModel(this._client.kernelId, this._options.settings);
    } catch {
      return 'no answer';
    }
  }

  private async _connect(isTaken: boolean): Promise<void> {
    if (isTaken) {
      await this._options.clock.sleep(CLOSING_MS, this._over.signal);
      const model = await this._ask();
      isTaken = typeof model !== 'object' || (model.connections ?? 0) > 0;
    }
    if (!this.isDisposed) {
      this._connectAs(isTaken ? undefined : this._client.clientId);
    }
  }

  private _connectAs(clientId: string | undefined): void {
    this._disconnect();
    const { settings } = this._options;
    const kernel = new KernelConnection({
      model: { id: this._client.kernelId, name: '' },
      clientId,
      handleComms: false,
      serverSettings: { ...settings, WebSocket: withoutProtocols(settings.WebSocket) }
    });
    this._watch = new KernelWatch(kernel, this._runs);
    kernel.connectionStatusChanged.connect((_, status) => {
      if (status === 'connected') {
        this._onListening();
      }
    });
    if (kernel.clientId !== this._client.clientId) {
      this._client = { ...this._client, clientId: kernel.clientId };
      this._onClient(kernel.clientId);
    }
  }

  private get _isLost(): boolean {
    return this._watch?.kernel.connectionStatus === 'disconnected';
  }

  private _disconnect(): void {
    const watch = this._watch;
    this._watch = null;
    if (watch !== null) {
      watch.dispose();
      // Not within one of its own signals, nor while JupyterLab waits for a connection.
      const isConnecting = watch.kernel.connectionStatus === 'connecting';
      setTimeout(() => watch.kernel.dispose(), isConnecting ? CONNECTING_MS : 0);
    }
  }

  private _watch: KernelWatch | null = null;
  private _onListening: () => void = () => undefined;
  private _over = new AbortController();
}

/**
 * Sockets that offer no protocol. Where a proxy loses the answer to the offer, the browser gives
 * the socket up, and with it what the server had kept.
 */
function withoutProtocols(Socket: typeof WebSocket): typeof WebSocket {
  return new Proxy(Socket, { construct: (target, [url]) => new target(url as string) });
}
