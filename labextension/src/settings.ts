/** What a user or an admin may set; `schema/plugin.json` holds the same defaults and bounds. */

import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

const DEFAULTS = {
  batchIntervalMs: 250,
  maxOutputBytes: 65_536,
  maxQueuedEvents: 20_000,
  maxQueuedMegabytes: 100
};

/** The settings as they stand; the defaults where JupyterLab has none for us. */
export class Settings implements IDisposable {
  constructor(private readonly _stored: ISettingRegistry.ISettings | null) {
    this._stored?.changed.connect(this._onChanged, this);
  }

  /** Read the settings of the plugin `id`. */
  static async load(registry: ISettingRegistry | null, id: string): Promise<Settings> {
    return new Settings(registry ? await registry.load(id) : null);
  }

  /** Milliseconds between the starts of two requests. */
  get batchIntervalMs(): number {
    return this._number('batchIntervalMs');
  }

  /** Bytes of each MIME type of an output that are recorded. */
  get maxOutputBytes(): number {
    return this._number('maxOutputBytes');
  }

  /** Events that may wait to be sent. */
  get maxQueuedEvents(): number {
    return this._number('maxQueuedEvents');
  }

  /** Megabytes (10⁶ bytes) that may wait to be sent. */
  get maxQueuedMegabytes(): number {
    return this._number('maxQueuedMegabytes');
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._stored?.changed.disconnect(this._onChanged, this);
    Signal.clearData(this);
  }

  private _number(name: keyof typeof DEFAULTS): number {
    const value = this._stored?.composite[name];
    return typeof value === 'number' ? value : DEFAULTS[name];
  }

  private _onChanged(): void {
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _isDisposed = false;
}
