/** Records the open notebooks: attaches to each, and knows which class each belongs to. */

import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { INotebookModel, INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { type ISignal, Signal } from '@lumino/signaling';

import { choosable, classify, servicePath } from './classes';
import type { Me } from './contract';
import type { IEventSink, IRecorder, IRecording } from './interfaces';
import type { IOpenRuns } from './journal';
import { LeftRuns } from './leftruns';
import type { Listen } from './listening';
import { type INotebookOptions, WatchedNotebook } from './notebook';
import type { ISizes } from './outputs';
import type { OpenPages } from './pages';
import type { ISource } from './sessions';
import type { RecorderStore } from './store';

const TOLD_AFTER_MS = 100;

/** What a recorder is made of. */
export interface IRecorderOptions {
  tracker: INotebookTracker;
  sink: IEventSink;
  runs: IOpenRuns;
  listen: Listen;
  store: RecorderStore;
  pages: Pick<OpenPages, 'id' | 'silent'>;
  source: ISource;
  sizes: () => ISizes;
  /** Resolves when the notebooks of the last page load are open again. */
  restored: Promise<unknown>;
}

/** Watches the open notebooks; `create` makes one. */
export class Recorder implements IRecorder {
  private constructor(
    private _options: IRecorderOptions,
    private _choices: Map<string, string>,
    private _filed: Map<string, string>
  ) {
    this._left = new LeftRuns({ ..._options, ...this._keeping() });
    const { tracker } = _options;
    tracker.widgetAdded.connect(this._onWidgetAdded, this);
    tracker.currentChanged.connect(this._emitChanged, this);
    tracker.forEach(panel => this._watch(panel));
  }

  /** Read what the last page left, then watch. The last known user counts until `setMe`. */
  static async create(options: IRecorderOptions): Promise<Recorder> {
    const { choices, filed, me } = await options.store.read();
    const recorder = new Recorder(options, choices, filed);
    if (me !== undefined) {
      recorder._use(me);
    }
    return recorder;
  }

  get current(): IRecording | null {
    const panel = this._options.tracker.currentWidget;
    const notebook = panel === null ? undefined : this._notebooks.get(panel.context);
    return notebook === undefined ? null : this._describe(notebook);
  }

  /** Resolves when the kernels of the runs that the last page left are listened to. */
  get listening(): Promise<unknown> {
    return this._left.listening;
  }

  get changed(): ISignal<IRecorder, void> {
    return this._changed;
  }

  async choose(path: string, classId: string | null): Promise<void> {
    this._setChoice(path, classId);
    this._notebooks.forEach(notebook => this._classify(notebook));
    this._emitChanged();
    await this._options.store.putChoice(path, classId);
  }

  file(path: string, classId: string): void {
    const filedPath = servicePath(path);
    if (this._filed.get(filedPath) !== classId) {
      this._setFiled(filedPath, classId);
      this._notebooks.forEach(notebook => this._classify(notebook));
      this._emitChanged();
    }
  }

  setMe(me: Me): void {
    if (JSON.stringify(me) !== JSON.stringify(this._me)) {
      void this._options.store.putMe(me).catch(warn);
    }
    this._use(me);
    void this._options.restored.then(() => this._left.forgetUntold());
  }

  dispose(): void {
    this._options.tracker.widgetAdded.disconnect(this._onWidgetAdded, this);
    this._options.tracker.currentChanged.disconnect(this._emitChanged, this);
    this._notebooks.forEach(notebook => notebook.dispose());
    this._notebooks.clear();
    this._left.dispose();
    clearTimeout(this._telling);
    Signal.clearData(this);
  }

  private _use(me: Me): void {
    this._me = me;
    this._left.setStudent(me.name);
    this._notebooks.forEach(notebook => this._classify(notebook));
    this._emitChanged();
  }

  private _onWidgetAdded(_: INotebookTracker, panel: NotebookPanel): void {
    this._watch(panel);
  }

  private _watch(panel: NotebookPanel): void {
    const { context } = panel;
    let notebook = this._notebooks.get(context);
    if (notebook === undefined) {
      notebook = new WatchedNotebook(context, this._notebookOptions());
      notebook.identityChanged.connect(this._onIdentityChanged, this);
      notebook.runsChanged.connect(this._onRunsChanged, this);
      this._notebooks.set(context, notebook);
      context.disposed.connect(this._onContextDisposed, this);
    }
    notebook.views.add(panel);
  }

  private _notebookOptions(): INotebookOptions {
    const { sink, source, sizes } = this._options;
    return { sink, source, sizes, left: this._left, ...this._keeping() };
  }

  private _keeping(): Pick<INotebookOptions, 'keepRun' | 'forgetRun'> {
    const { runs, pages } = this._options;
    return {
      keepRun: (run, isSure) => runs.putRun({ ...run, page: pages.id, isSure }),
      forgetRun: run => runs.forgetRun(run.executionId)
    };
  }

  private _onContextDisposed(context: DocumentRegistry.IContext<INotebookModel>): void {
    this._notebooks.get(context)?.close();
    this._notebooks.delete(context);
    this._emitChanged();
  }

  private _onIdentityChanged(
    notebook: WatchedNotebook,
    { renamedFrom }: { renamedFrom: string | null }
  ): void {
    // A class stays once it is resolved, also where the new path would not name it.
    const choice = notebook.classification.classId;
    if (renamedFrom !== null && choice !== null) {
      this._setChoice(renamedFrom, null);
      this._setChoice(notebook.path, choice);
      const { store } = this._options;
      const moved = [store.putChoice(renamedFrom, null), store.putChoice(notebook.path, choice)];
      void Promise.all(moved).catch(warn);
    }
    const filed = renamedFrom === null ? null : this._filedClass(renamedFrom);
    if (filed !== null) {
      this._setFiled(servicePath(notebook.path), filed);
    }
    this._classify(notebook);
    this._emitChanged();
  }

  /** Told in a moment: most runs are over by then, and nothing is to be told. */
  private _onRunsChanged(): void {
    this._telling ??= setTimeout(() => {
      this._telling = undefined;
      const running = [...this._notebooks.values()].map(notebook => notebook.runningCells);
      if (String(running) !== String(this._toldRunning)) {
        this._toldRunning = running;
        this._emitChanged();
      }
    }, TOLD_AFTER_MS);
  }

  private _setChoice(path: string, classId: string | null): void {
    if (classId === null) {
      this._choices.delete(path);
    } else {
      this._choices.set(path, classId);
    }
  }

  private _filedClass(path: string): string | null {
    return this._filed.get(servicePath(path)) ?? null;
  }

  private _setFiled(path: string, classId: string): void {
    this._filed.set(path, classId);
    void this._options.store.putFiled(path, classId).catch(warn);
  }

  private _classify(notebook: WatchedNotebook): void {
    if (this._me === null || !notebook.isReady) {
      return;
    }
    const { path, metadata } = notebook;
    const choice = this._choices.get(path) ?? null;
    const filed = this._filedClass(path);
    notebook.classify(classify({ path, metadata, choice, filed }, this._me), this._me.name);
  }

  private _describe(notebook: WatchedNotebook): IRecording {
    const { path, sessionId, runningCells, classification } = notebook;
    const classes = choosable(this._filedClass(path), this._me?.classes ?? []);
    return { path, sessionId, runningCells, ...classification, classes };
  }

  private _emitChanged(): void {
    this._changed.emit();
  }

  private _left: LeftRuns;
  private _me: Me | null = null;
  private _telling: ReturnType<typeof setTimeout> | undefined;
  private _toldRunning: number[] = [];
  private _notebooks = new Map<DocumentRegistry.IContext<INotebookModel>, WatchedNotebook>();
  private _changed = new Signal<this, void>(this);
}

// The recording itself goes on without its memory; only a reload in mid-run would show it.
function warn(error: unknown): void {
  console.warn('Cell Monitor could not keep its state in this browser.', error);
}
