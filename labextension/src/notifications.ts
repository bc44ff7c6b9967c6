/**
 * Tells what a student should not miss, also while the sidebar is closed.
 *
 * JupyterLab cuts a notification at 140 characters.
 */

import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

import type { IWritten } from './journal';
import type { PanelModel } from './panel/model';

/** What is heard of the queue. */
export interface IQueueSignals {
  readonly failed: ISignal<object, Error>;
  readonly added: ISignal<object, IWritten>;
}

const OFTEN_ENOUGH_MS = 600_000;

/** A notification that stays until it is withdrawn, and is there once at the most. */
export class Notice {
  /** Show it unless it is there; `make` shows it and returns its id. */
  show(make: () => string): void {
    this._id ??= make();
  }

  withdraw(): void {
    if (this._id !== null) {
      Notification.dismiss(this._id);
      this._id = null;
    }
  }

  private _id: string | null = null;
}

/** Tells that the login has ended while records wait, and that the browser cannot keep one. */
export class Notifications implements IDisposable {
  constructor(
    private readonly _model: PanelModel,
    private readonly _queue: IQueueSignals,
    private readonly _trans: TranslationBundle
  ) {
    _model.stateChanged.connect(this._onState, this);
    _queue.failed.connect(this._onFailed, this);
    _queue.added.connect(this._onAdded, this);
    this._onState();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._model.stateChanged.disconnect(this._onState, this);
      this._queue.failed.disconnect(this._onFailed, this);
      this._queue.added.disconnect(this._onAdded, this);
      this._login.withdraw();
      this._failure.withdraw();
    }
  }

  private _onState(): void {
    this._withdrawFailure();
    const { state, waiting } = this._model.sending;
    if (state !== 'signed_out') {
      this._login.withdraw();
    } else if (waiting > 0) {
      this._login.show(() => this._tellOfLogin());
    }
  }

  private _tellOfLogin(): string {
    const trans = this._trans;
    const text =
      this._model.sending.memoryCount === 0
        ? trans.__('Your login has ended. Sign in again to send what waits: nothing is lost.')
        : trans.__(
            'Your login has ended. Keep this tab open, and sign in again to send what waits.'
          );
    const actions = [{ label: trans.__('Sign in again'), callback: () => this._model.signIn() }];
    return Notification.warning(text, { autoClose: false, actions });
  }

  private _onFailed(): void {
    this._takesAgain = false;
    const now = Date.now();
    if (now - this._failedAt > OFTEN_ENOUGH_MS) {
      this._failedAt = now;
      this._failure.show(() =>
        Notification.error(
          this._trans.__(
            'This browser cannot save your records. Keep this tab open until all are sent, and free some disk space.'
          ),
          { autoClose: false }
        )
      );
    }
  }

  private _onAdded(_: object, { events }: IWritten): void {
    this._takesAgain ||= events.some(({ key }) => key > 0);
    this._withdrawFailure();
  }

  private _withdrawFailure(): void {
    if (this._takesAgain && this._model.sending.memoryCount === 0) {
      this._failure.withdraw();
    }
  }

  private readonly _login = new Notice();
  private readonly _failure = new Notice();
  /** Whether the disk has taken an event since it refused one. */
  private _takesAgain = false;
  private _failedAt = -Infinity;
  private _isDisposed = false;
}

/** Tell that the browser keeps no data for us, so that nothing can be recorded. */
export function notifyNotKept(trans: TranslationBundle): void {
  Notification.error(
    trans.__(
      'This browser cannot keep your records, so runs are not recorded. Free some disk space, or leave the private window.'
    ),
    { autoClose: false }
  );
}

/** Tell that recording waits for a tab of an earlier release; returns the notification's id. */
export function tellOfEarlierTab(trans: TranslationBundle): string {
  return Notification.warning(
    trans.__(
      'Nothing is recorded yet: JupyterLab is open in another tab, in an earlier version. Close or reload that tab.'
    ),
    { autoClose: false }
  );
}

/** Tell that what waits could not be read for a file. */
export function notifyNotSaved(trans: TranslationBundle): void {
  Notification.error(trans.__('The file could not be saved. Reload the page and try it again.'));
}
