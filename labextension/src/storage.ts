/** Whether this browser keeps what waits until it is sent. */

import { type ISignal, Signal } from '@lumino/signaling';

import type { Leases } from './leases';

/** `isPersisted`: the browser has promised it. `mayVanish`: there are signs that it will not. */
export interface IStorageState {
  isPersisted: boolean;
  mayVanish: boolean;
}

/** What a browser offers; not all of it is there in each, and none without https. */
export type BrowserStorage = Partial<
  Pick<StorageManager, 'persist' | 'persisted' | 'estimate' | 'getDirectory'>
>;

// In a private window storage lies in the memory: a part of it, where a disk gives gigabytes.
const SMALL_QUOTA_BYTES = 1_000_000_000;
// A browser that asks the person is not to do so at each page load.
const ASK_AGAIN_MS = 30 * 86_400_000;
const ASKED = 'persist';

/** Asks the browser once to keep the data, when there is data; knows how it stands. */
export class StorageCare {
  constructor(
    private readonly _storage: BrowserStorage | undefined,
    private readonly _leases: Pick<Leases, 'take'>,
    private readonly _page: string
  ) {
    void this._look();
  }

  get state(): IStorageState {
    return this._state;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Something is recorded: ask for it to be kept. */
  async ask(): Promise<void> {
    if (this._isAsked) {
      return;
    }
    this._isAsked = true;
    const now = Date.now();
    if (await this._leases.take(ASKED, this._page, now, now + ASK_AGAIN_MS).catch(() => false)) {
      // The answer is seen in the sidebar; a "no" needs no words while nothing is lost.
      await attempt(() => this._storage?.persist?.());
      await this._look();
    }
  }

  dispose(): void {
    Signal.clearData(this);
  }

  private async _look(): Promise<void> {
    const isPersisted = (await attempt(() => this._storage?.persisted?.())) === true;
    this._state = { isPersisted, mayVanish: !isPersisted && (await this._mayVanish()) };
    this._changed.emit();
  }

  /** The signs of a private window; no browser says so outright. */
  private async _mayVanish(): Promise<boolean> {
    const quota = (await attempt(() => this._storage?.estimate?.()))?.quota;
    const isSmall = quota !== undefined && quota < SMALL_QUOTA_BYTES;
    // Firefox and Safari refuse this in a private window.
    const hasDirectory = this._storage?.getDirectory !== undefined;
    const directory = await attempt(() => this._storage?.getDirectory?.());
    return isSmall || (hasDirectory && directory === undefined);
  }

  private readonly _changed = new Signal<this, void>(this);
  private _state: IStorageState = { isPersisted: false, mayVanish: false };
  private _isAsked = false;
}

async function attempt<T>(act: () => Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await act();
  } catch {
    return undefined;
  }
}
