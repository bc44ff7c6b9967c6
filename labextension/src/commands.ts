/** The commands of the palette. */

import type { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { DisposableSet, type IDisposable } from '@lumino/disposable';

import { cellMonitorIcon } from './icon';
import { PRODUCT } from './translation';

export const CommandIDs = {
  open: 'cell-monitor:open',
  send: 'cell-monitor:send',
  save: 'cell-monitor:save',
  showRecorded: 'cell-monitor:show-recorded'
};

/** What the commands do. */
export interface ICommandActions {
  open: () => void;
  send: () => Promise<void>;
  save: () => Promise<void>;
  showRecorded: () => void;
}

/** Add the commands, and show them in the palette if there is one. */
export function addCommands(
  commands: CommandRegistry,
  palette: ICommandPalette | null,
  trans: TranslationBundle,
  actions: ICommandActions
): IDisposable {
  const added = new DisposableSet();
  const add = (id: string, label: string, execute: () => void | Promise<void>): void => {
    added.add(commands.addCommand(id, { label, execute, icon: cellMonitorIcon }));
    if (palette) {
      added.add(palette.addItem({ command: id, category: PRODUCT }));
    }
  };
  add(CommandIDs.open, trans.__('Open the Cell Monitor'), actions.open);
  add(CommandIDs.send, trans.__('Send waiting records now'), actions.send);
  add(CommandIDs.save, trans.__('Save waiting records as a file'), actions.save);
  add(CommandIDs.showRecorded, trans.__('Show what is recorded'), actions.showRecorded);
  return added;
}
