/** Lets JupyterLab ask before the page goes while some records are in its memory alone. */

import type { ILabStatus } from '@jupyterlab/application';
import type { IDisposable } from '@lumino/disposable';

import type { PanelModel } from './panel/model';

/** Marks JupyterLab as dirty for as long as there are such records. */
export class Leaving implements IDisposable {
  constructor(
    private readonly _model: PanelModel,
    private readonly _status: Pick<ILabStatus, 'setDirty'>
  ) {
    _model.stateChanged.connect(this._onState, this);
    this._onState();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this._model.stateChanged.disconnect(this._onState, this);
    this._release();
  }

  private _onState(): void {
    if (this._model.sending.memoryCount === 0) {
      this._release();
    } else {
      this._dirty ??= this._status.setDirty();
    }
  }

  private _release(): void {
    this._dirty?.dispose();
    this._dirty = null;
  }

  private _dirty: IDisposable | null = null;
  private _isDisposed = false;
}
