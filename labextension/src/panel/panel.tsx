/** The sidebar. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { VDomRenderer } from '@jupyterlab/ui-components';
import React from 'react';

import { cellMonitorIcon } from '../icon';
import { PRODUCT } from '../translation';
import type { PanelModel } from './model';
import { PanelView } from './view';

/** Shows a model; JupyterLab finds it by `CellMonitorPanel.ID`. */
export class CellMonitorPanel extends VDomRenderer<PanelModel> {
  static readonly ID = 'jp-CellMonitor-panel';

  constructor(
    model: PanelModel,
    private readonly _trans: TranslationBundle
  ) {
    super(model);
    this.id = CellMonitorPanel.ID;
    this.addClass('jp-CellMonitor');
    this.title.icon = cellMonitorIcon;
    this.title.caption = PRODUCT;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', PRODUCT);
    this.node.tabIndex = -1;
  }

  /** Unfold "What is recorded" and go there. */
  showRecorded(): void {
    this.model.openRecorded(true);
    void this.renderPromise?.then(() => {
      const summary = this.node.querySelector<HTMLElement>('summary');
      summary?.focus();
      summary?.scrollIntoView({ block: 'nearest' });
    });
  }

  /** While it is hidden nothing is drawn: each run changes its model several times. */
  override update(): void {
    if (this.isVisible) {
      super.update();
    }
  }

  protected override onAfterShow(): void {
    this.update();
  }

  protected override onActivateRequest(): void {
    this.node.focus();
  }

  protected override render(): React.ReactElement {
    return (
      <PanelView model={this.model} trans={this._trans} showRecorded={() => this.showRecorded()} />
    );
  }
}
