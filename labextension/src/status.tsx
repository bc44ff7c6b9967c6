/** The status bar's item: whether all is sent. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { VDomRenderer } from '@jupyterlab/ui-components';
import React from 'react';

import type { PanelModel } from './panel/model';
import { StatusView } from './panel/status';

/** Shows a model's state of sending; a click opens the panel. */
export class StatusItem extends VDomRenderer<PanelModel> {
  constructor(
    model: PanelModel,
    private readonly _trans: TranslationBundle,
    private readonly _open: () => void
  ) {
    super(model);
    this.addClass('jp-mod-highlighted');
    this.addClass('jp-CellMonitor-statusItem');
  }

  protected override render(): React.ReactElement {
    return (
      <StatusView sending={this.model.sending} trans={this._trans} open={() => this._open()} />
    );
  }
}
