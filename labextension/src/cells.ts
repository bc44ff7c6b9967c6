/** A notebook's cells as `notebook_opened` lists them. */

import type { ICellModel } from '@jupyterlab/cells';
import type { INotebookModel } from '@jupyterlab/notebook';

import {
  type Cell,
  type JsonObject,
  MAX_CELL_ID_LENGTH,
  MAX_CELLS,
  MAX_EVENT_BYTES
} from './contract';
import { sha256HexNow, sha256Hex } from './wire/utf8';

// What may be left for the cells beside the notebook's metadata.
const MAX_CELL_LIST_BYTES = MAX_EVENT_BYTES - 64 * 1024;
const MAX_METADATA_BYTES = 32 * 1024;

/** Lists cells, and hashes each source only when it has changed. */
export class CellLister {
  /** Hash all cells by the browser's own code, where it has some, so that `list` need not. */
  async prepare({ cells }: INotebookModel): Promise<void> {
    const all = Array.from({ length: cells.length }, (_, index) => cells.get(index));
    await Promise.all(
      all.map(async cell => {
        const source = cell.sharedModel.getSource();
        this._hashes.set(cell, { source, hash: await sha256Hex(hashed(source)) });
      })
    );
  }

  /** The cells in order, as many as an event holds. */
  list(model: INotebookModel): { cells: Cell[]; isCut: boolean } {
    const cells: Cell[] = [];
    let bytes = 0;
    let isCut = false;
    for (let index = 0; index < model.cells.length; index++) {
      const cell = this._describe(model.cells.get(index), index);
      if (cell.cell_id.length > MAX_CELL_ID_LENGTH) {
        isCut = true;
        continue;
      }
      bytes += JSON.stringify(cell).length + 1;
      if (cells.length === MAX_CELLS || bytes > MAX_CELL_LIST_BYTES) {
        return { cells, isCut: true };
      }
      cells.push(cell);
    }
    return { cells, isCut };
  }

  private _describe(cell: ICellModel, index: number): Cell {
    return {
      cell_id: cell.id,
      cell_type: cell.type,
      index,
      source_sha256: this._hash(cell),
      ...nbgraderFields(cell.getMetadata('nbgrader'))
    };
  }

  private _hash(cell: ICellModel): string {
    const source = cell.sharedModel.getSource();
    const known = this._hashes.get(cell);
    if (known?.source === source) {
      return known.hash;
    }
    const hash = sha256HexNow(hashed(source));
    this._hashes.set(cell, { source, hash });
    return hash;
  }

  private _hashes = new WeakMap<ICellModel, { source: string; hash: string }>();
}

/** White space alone is an empty cell. */
function hashed(source: string): string {
  return source.trim() === '' ? '' : source;
}

/** Whether the notebook has a cell of that id now. */
export function hasCell({ cells }: INotebookModel, cellId: string): boolean {
  for (let index = 0; index < cells.length; index++) {
    if (cells.get(index).id === cellId) {
      return true;
    }
  }
  return false;
}

/** Differs when the cells' order, ids, types or nbgrader metadata do, and only then. */
export function cellsSignature(model: INotebookModel): string {
  const parts: unknown[] = [];
  for (let index = 0; index < model.cells.length; index++) {
    const cell = model.cells.get(index);
    parts.push([cell.id, cell.type, nbgraderFields(cell.getMetadata('nbgrader'))]);
  }
  return JSON.stringify(parts);
}

/** The notebook's metadata that is recorded: nbgrader's and ours. */
export function recordedMetadata(model: INotebookModel): JsonObject {
  const metadata: JsonObject = {};
  for (const name of ['cell_monitor', 'nbgrader']) {
    const value: unknown = model.getMetadata(name);
    if (value !== undefined && JSON.stringify(value).length < MAX_METADATA_BYTES / 3) {
      metadata[name] = value;
    }
  }
  return metadata;
}

function nbgraderFields(value: unknown): Partial<Cell> {
  if (typeof value !== 'object' || value === null) {
    return {};
  }
  const { grade_id, solution, task, grade, points } = value as JsonObject;
  const isId = typeof grade_id === 'string' && grade_id !== '';
  return {
    ...(isId && grade_id.length <= MAX_CELL_ID_LENGTH && { grade_id }),
    ...(solution === true && { solution }),
    ...(task === true && { task }),
    ...(grade === true && { grade }),
    ...(typeof points === 'number' && Number.isFinite(points) && { points })
  };
}
