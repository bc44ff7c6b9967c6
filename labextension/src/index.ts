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

import { atMost } from './clock';
import { Settings } from './settings';
import { start } from './start';
import { loadTexts } from './translation';

const PLUGIN_ID = 'jupyter-cell-monitor:plugin';

// JupyterLab opens once all plugins are ready; it must not wait for a disk that does not answer.
const LONGEST_START_MS = 3_000;

let starting: Promise<IDisposable> | null = null;

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
    starting = start({ app, tracker, settings, trans, palette, statusBar, labStatus });
    await atMost(LONGEST_START_MS, starting);
    starting.catch((error: unknown) => console.error('Cell Monitor could not start.', error));
  },
  deactivate: async (): Promise<void> => {
    const started = await starting?.catch(() => null);
    started?.dispose();
    starting = null;
  }
};

export default plugin;
