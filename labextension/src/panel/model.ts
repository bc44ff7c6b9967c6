/** What the sidebar and the status bar show, gathered from those who know it. */

import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { ISendingState } from '../delivery';
import type { IRecorder, IRecording } from '../interfaces';
import type { IStorageState } from '../storage';
import type { IProgress } from './progress';

/** What a model gathers; `signIn` opens the login without leaving the page. */
export interface IPanelOptions {
  recorder: IRecorder;
  sender: {
    readonly state: ISendingState;
    readonly changed: ISignal<object, void>;
    flush(): Promise<void>;
  };
  progress: { readonly current: IProgress | null; readonly changed: ISignal<object, void> };
  storage: { readonly state: IStorageState; readonly changed: ISignal<object, void> };
  signIn: () => void;
  /** Save what waits as a file. */
  save: () => Promise<void>;
}

/** Emits `stateChanged` when one of them does. */
export class PanelModel implements IDisposable {
  constructor(private readonly _options: IPanelOptions) {
    this._sources().forEach(source => source.connect(this._onChanged, this));
  }

  get stateChanged(): ISignal<this, void> {
    return this._stateChanged;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  get recording(): IRecording | null {
    return this._options.recorder.current;
  }

  get sending(): ISendingState {
    return this._options.sender.state;
  }

  get progress(): IProgress | null {
    return this._options.progress.current;
  }

  get storage(): IStorageState {
    return this._options.storage.state;
  }

  /** Whether "What is recorded" is unfolded. */
  get isRecordedOpen(): boolean {
    return this._isRecordedOpen;
  }

  /** Unfold or fold "What is recorded". */
  openRecorded(isOpen: boolean): void {
    if (isOpen !== this._isRecordedOpen) {
      this._isRecordedOpen = isOpen;
      this._stateChanged.emit();
    }
  }

  /** Record the notebook in front for a class, or for none. */
  async choose(classId: string | null): Promise<void> {
    if (this.recording) {
      await this._options.recorder.choose(this.recording.path, classId);
    }
  }

  /** Send what waits. */
  async send(): Promise<void> {
    await this._options.sender.flush();
  }

  /** Save what waits as a file. */
  async save(): Promise<void> {
    await this._options.save();
  }

  signIn(): void {
    this._options.signIn();
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._sources().forEach(source => source.disconnect(this._onChanged, this));
      Signal.clearData(this);
    }
  }

  private _sources(): ISignal<object, void>[] {
    const { recorder, sender, progress, storage } = this._options;
    return [recorder.changed, sender.changed, progress.changed, storage.changed];
  }

  private _onChanged(): void {
    this._stateChanged.emit();
  }

  private readonly _stateChanged = new Signal<this, void>(this);
  private _isRecordedOpen = false;
  private _isDisposed = false;
}
