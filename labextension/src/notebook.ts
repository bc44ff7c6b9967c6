/** One open notebook: what happens to it becomes the events of its session. */

import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { INotebookModel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { CellLister, cellsSignature, hasCell, recordedMetadata } from './cells';
import type { IClassification } from './classes';
import type { JsonObject } from './contract';
import { endEvent, openedEvent, startEvent } from './events';
import type { IFollowed } from './following';
import type { IEventSink } from './interfaces';
import type { LeftRuns } from './leftruns';
import { type INotebookRunsHost, NotebookRuns } from './notebookruns';
import type { ISizes } from './outputs';
import type { IOpenRun, Run } from './runs';
import { type ISource, SessionEvents } from './sessions';
import { Views } from './views';

// Cells that are added or moved one after the other make one event.
const QUIET_MS = 1_000;

/** What a notebook needs of the recorder. */
export interface INotebookOptions {
  sink: IEventSink;
  source: ISource;
  sizes: () => ISizes;
  /** Keep an open run through a reload. `isSure`: the notebook is known to be recorded. */
  keepRun(run: IOpenRun, isSure: boolean): void;
  forgetRun(run: IOpenRun): void;
  left: Pick<LeftRuns, 'take' | 'follow'>;
}

/** A notebook, whose views share it, from its opening until its last view is closed. */
export class WatchedNotebook implements INotebookRunsHost, IDisposable {
  constructor(
    readonly context: DocumentRegistry.IContext<INotebookModel>,
    private _options: INotebookOptions
  ) {
    this._path = context.localPath;
    this._events = new SessionEvents(_options.sink, _options.source);
    this._runs = new NotebookRuns(this, _options.left);
    context.pathChanged.connect(this._onPathChanged, this);
    context.sessionContext.kernelChanged.connect(this._watchKernel, this);
    this._watchKernel();
    void this._open();
  }

  readonly views = new Views();

  get path(): string {
    return this._path;
  }

  get sessionId(): string {
    return this._events.id;
  }

  get classification(): IClassification {
    return this._classification;
  }

  get metadata(): JsonObject {
    return this._isReady ? recordedMetadata(this.context.model) : {};
  }

  /** Whether its content is there; before that its class cannot be known. */
  get isReady(): boolean {
    return this._isReady;
  }

  get runningCells(): number {
    return this._runs.runningCount;
  }

  get isRecorded(): boolean {
    return this._events.isRecorded;
  }

  get sizes(): ISizes {
    return this._options.sizes();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** What its class depends on changed: it became ready, or its metadata or path changed. */
  get identityChanged(): ISignal<this, { renamedFrom: string | null }> {
    return this._identityChanged;
  }

  get runsChanged(): ISignal<this, void> {
    return this._runsChanged;
  }

  /** Record for a class from now on, or nothing where there is none. */
  classify(classification: IClassification, studentId: string): void {
    const isSame = classification.classId === this._classification.classId;
    this._classification = classification;
    if (classification.classId === null) {
      this._runs.abandonAll();
      this._events.ignore();
    } else {
      this._events.record(studentId, isSame ? null : this._opening());
      if (!isSame) {
        this._runs.keepAll();
      }
    }
  }

  /** Its last view was closed; what runs goes on. */
  close(): void {
    this._runs.close();
    this.dispose();
  }

  /** Watch it no more; the next page finds the runs that are open. */
  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    clearTimeout(this._timer);
    this._runs.dispose();
    this.context.pathChanged.disconnect(this._onPathChanged, this);
    this.context.sessionContext.kernelChanged.disconnect(this._watchKernel, this);
    if (this._isReady) {
      this.context.model.cells.changed.disconnect(this._onContentChanged, this);
      this.context.model.metadataChanged.disconnect(this._onMetadataChanged, this);
    }
    Signal.clearData(this);
  }

  newId(): string {
    return this._options.source.newId();
  }

  hasCell(cellId: string): boolean {
    // The set spares a walk through all cells for each of theirs in "Run All".
    return this._listed.has(cellId) || hasCell(this.context.model, cellId);
  }

  cellOfRequest(msgId: string): string | null {
    return this.views.cellOfRequest(msgId);
  }

  keep(run: IOpenRun): void {
    this._options.keepRun(run, this._classification.classId !== null);
  }

  asFollowed(): IFollowed {
    const isSure = this._classification.classId !== null;
    return { path: this._path, isSure, events: this._events };
  }

  onRequested(run: IOpenRun): void {
    this.keep(run);
  }

  onStarted(run: IOpenRun): void {
    if (!this._listed.has(run.cellId) && this.hasCell(run.cellId)) {
      this._describe();
    }
    this.keep(run);
    void this._events.add(startEvent(run, this._path));
    this._runsChanged.emit();
  }

  onEnded(run: Run): void {
    const end = run.end();
    void this._events.add(endEvent(run.open, end, this._path)).then(isSettled => {
      // Where the end is lost with the page, the next page closes the run.
      if (isSettled) {
        this._options.forgetRun(run.open);
      }
    });
    this._runsChanged.emit();
  }

  onDropped(run: IOpenRun): void {
    this._options.forgetRun(run);
  }

  private async _open(): Promise<void> {
    await this.context.ready;
    await this._lister.prepare(this.context.model);
    if (this._isDisposed) {
      return;
    }
    this._isReady = true;
    this.context.model.cells.changed.connect(this._onContentChanged, this);
    this.context.model.metadataChanged.connect(this._onMetadataChanged, this);
    this._identityChanged.emit({ renamedFrom: null });
    const left = await this._options.left.take(this._path);
    if (!this._isDisposed && left.length > 0) {
      this._runs.attend(left);
      this._runsChanged.emit();
    }
  }

  /** Tell the service of the cells, the path and the class as they are now. */
  private _describe(): void {
    const opening = this._classification.classId === null ? null : this._opening();
    if (opening !== null) {
      void this._events.add(opening);
    }
  }

  private _opening() {
    if (!this._isReady) {
      return null;
    }
    clearTimeout(this._timer);
    const event = openedEvent(this.context.model, this._lister, {
      path: this._path,
      renamedFrom: this._renamedFrom,
      classification: this._classification
    });
    this._renamedFrom = null;
    this._listed = new Set(event.cells.map(cell => cell.cell_id));
    this._signature = this._signatureNow();
    return event;
  }

  private _signatureNow(): string {
    return cellsSignature(this.context.model) + JSON.stringify(this.metadata);
  }

  private _onContentChanged(): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => {
      if (this._signatureNow() !== this._signature) {
        this._describe();
      }
    }, QUIET_MS);
  }

  private _onMetadataChanged(): void {
    this._onContentChanged();
    this._identityChanged.emit({ renamedFrom: null });
  }

  private _onPathChanged(): void {
    const renamedFrom = this._path;
    this._path = this.context.localPath;
    if (this._path === renamedFrom) {
      return;
    }
    this._renamedFrom = renamedFrom;
    this._runs.moveTo(this._path);
    this._identityChanged.emit({ renamedFrom });
    if (this._renamedFrom !== null) {
      this._describe();
    }
  }

  private _watchKernel(): void {
    this._runs.setKernel(this.context.sessionContext.session?.kernel ?? null);
  }

  private _path: string;
  private _events: SessionEvents;
  private _runs: NotebookRuns;
  private _lister = new CellLister();
  private _listed: ReadonlySet<string> = new Set();
  private _signature = '';
  private _renamedFrom: string | null = null;
  private _classification: IClassification = { classId: null, reason: 'unknown' };
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _isReady = false;
  private _isDisposed = false;
  private _identityChanged = new Signal<this, { renamedFrom: string | null }>(this);
  private _runsChanged = new Signal<this, void>(this);
}
