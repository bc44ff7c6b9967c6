/** The views of one notebook; their cells know which request they wait for. */

import type { CodeCell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';

/** Finds the cell of a request that does not name it, as other extensions may send it. */
export class Views {
  add(panel: NotebookPanel): void {
    this._panels.add(panel);
    panel.disposed.connect(() => this._panels.delete(panel));
  }

  /** The id of the cell that waits for the answer to a request, if one does. */
  cellOfRequest(msgId: string): string | null {
    for (const panel of this._panels) {
      for (const widget of panel.content.widgets) {
        const { outputArea } = widget as unknown as Partial<Pick<CodeCell, 'outputArea'>>;
        if (outputArea?.future?.msg.header.msg_id === msgId) {
          return widget.model.id;
        }
      }
    }
    return null;
  }

  private _panels = new Set<NotebookPanel>();
}
