/** The plugins of the extension. */

import {
  ILabStatus,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';

import { Settings } from './settings';
import { start } from './start';
import { loadTexts } from './translation';

const PLUGIN_ID = 'jupyter-cell-monitor:plugin';

let running: IDisposable | null = null;

const plugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description: 'Records the cells that are run in notebooks of a class, and says so.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ISettingRegistry, ITranslator, ICommandPalette, IStatusBar, ILabStatus],
  activate: async (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    registry: ISettingRegistry | null,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    statusBar: IStatusBar | null,
    labStatus: ILabStatus | null
  ): Promise<void> => {
    const settings = await Settings.load(registry, PLUGIN_ID);
    const trans = loadTexts(translator);
    running = await start({ app, tracker, settings, trans, palette, statusBar, labStatus });
  },
  deactivate: () => {
    running?.dispose();
    running = null;
  }
};

export default plugin;
