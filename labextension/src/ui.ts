/** Puts sidebar, status item, commands and notifications into JupyterLab. */

import type { ILabStatus, JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import type { IStatusBar } from '@jupyterlab/statusbar';
import type { TranslationBundle } from '@jupyterlab/translation';
import { DisposableSet, type IDisposable } from '@lumino/disposable';

import { addCommands } from './commands';
import type { ProgressList } from './contract';
import type { IRecorder, ISender } from './interfaces';
import { Leaving } from './leaving';
import { type IQueueSignals, Notifications, notifyNotSaved } from './notifications';
import { type IPanelOptions, PanelModel } from './panel/model';
import { CellMonitorPanel } from './panel/panel';
import { type IProgressOptions, Progress } from './panel/progress';
import { request } from './request';
import { download, fileName, fileOf, type IQueueContents } from './saving';
import { StatusItem } from './status';
import { PRODUCT } from './translation';

const RANK = 850;

/** What is shown, and where. */
export interface IUiOptions {
  app: JupyterFrontEnd;
  recorder: IRecorder;
  queue: IQueueSignals & { contents(): Promise<IQueueContents> };
  storage: IPanelOptions['storage'];
  sender: ISender & IPanelOptions['sender'];
  socket: IProgressOptions['socket'];
  trans: TranslationBundle;
  palette: ICommandPalette | null;
  statusBar: IStatusBar | null;
  labStatus: ILabStatus | null;
}

/** Show it, until the returned object is disposed. */
export function addUi(options: IUiOptions): IDisposable {
  const { app, recorder, queue, sender, socket, storage, trans } = options;
  const progress = new Progress({ recorder, sender, socket, fetch: fetchProgress });
  const save = (): Promise<void> => saveContents(queue, trans);
  const model = new PanelModel({ recorder, sender, progress, storage, signIn, save });
  const panel = new CellMonitorPanel(model, trans);
  const open = (): void => app.shell.activateById(panel.id);
  const status = new StatusItem(model, trans, open);
  const showRecorded = (): void => {
    open();
    panel.showRecorded();
  };
  const added = new DisposableSet();
  app.shell.add(panel, 'left', { rank: RANK, type: PRODUCT });
  if (options.statusBar) {
    added.add(options.statusBar.registerStatusItem(STATUS_ID, { item: status, align: 'left' }));
  }
  const actions = { open, send: () => sender.flush(), save, showRecorded };
  added.add(addCommands(app.commands, options.palette, trans, actions));
  added.add(new Notifications(model, queue, trans));
  if (options.labStatus) {
    added.add(new Leaving(model, options.labStatus));
  }
  [panel, status, model, progress].forEach(item => added.add(item));
  return added;
}

/** Works without any server. */
async function saveContents(queue: IUiOptions['queue'], trans: TranslationBundle): Promise<void> {
  const now = new Date();
  try {
    download(fileOf(await queue.contents(), now), fileName(PageConfig.getOption('hubUser'), now));
  } catch {
    notifyNotSaved(trans);
  }
}

const STATUS_ID = 'cell-monitor:status';

async function fetchProgress(path: string): Promise<ProgressList> {
  return request<ProgressList>(`progress?notebook_path=${encodeURIComponent(path)}`);
}

/** In a tab of its own, so that no unsaved work is lost; coming back asks the server again. */
function signIn(): void {
  window.open(PageConfig.getBaseUrl(), '_blank', 'noopener');
}
