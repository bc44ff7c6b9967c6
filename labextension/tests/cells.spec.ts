/** @jest-environment node */
import type { INotebookModel } from '@jupyterlab/notebook';

import { CellLister, cellsSignature, recordedMetadata } from '../src/cells';
import { MAX_CELLS, MAX_EVENT_BYTES } from '../src/contract';
import { FakeContext, type IFakeCell, makePanel } from './fakes/notebook';
import { cells } from './fakes/recording';

const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

function modelOf(of: IFakeCell[], metadata = {}): INotebookModel {
  const context = new FakeContext('a.ipynb', of, null);
  context.metadata = metadata;
  makePanel(context);
  return context.model as unknown as INotebookModel;
}

describe('The list of cells', () => {
  it('names each cell with its place, its hash and nbgrader’s metadata', () => {
    expect(new CellLister().list(modelOf(cells)).cells[1]).toEqual({
      cell_id: 'cell-1',
      cell_type: 'code',
      index: 1,
      source_sha256: EMPTY_SHA256,
      grade_id: 'squares',
      solution: true,
      grade: true,
      points: 2
    });
  });

  it('hashes the UTF-8 source, and white space alone as an empty cell', () => {
    const sources = ['日本', ' \n\t', 'abc'].map((source, index) => ({
      id: `${index}`,
      type: 'code',
      source
    }));
    expect(new CellLister().list(modelOf(sources)).cells.map(cell => cell.source_sha256)).toEqual([
      'cf2abf0c5be326cb922a70f8163f91079c4d9aa8655c60ead89ad545c9de2e92',
      EMPTY_SHA256,
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    ]);
  });

  it('is the same where the browser has hashed it before, and follows what changes then', async () => {
    const model = modelOf(cells);
    const [lister, digest] = [new CellLister(), jest.spyOn(crypto.subtle, 'digest')];
    await lister.prepare(model);
    expect(digest).toHaveBeenCalledTimes(cells.length);
    expect(lister.list(model)).toEqual(new CellLister().list(modelOf(cells)));
    jest.spyOn(model.cells.get(2).sharedModel, 'getSource').mockReturnValue('abc');
    expect(lister.list(model).cells[2].source_sha256).toMatch(/^ba7816bf8f01cfea/);
  });

  it('leaves out a cell whose id no service takes, and says so', () => {
    const odd = [...cells, { id: 'x'.repeat(101), type: 'code', source: '' }];
    const { cells: listed, isCut } = new CellLister().list(modelOf(odd));
    expect([listed.length, isCut]).toEqual([cells.length, true]);
  });

  it.each([10, MAX_CELLS, MAX_CELLS + 1])('of %d cells fits into an event', count => {
    const many = Array.from({ length: count }, (_, index) => ({
      id: `${index}`.padEnd(36, '-'),
      type: 'code',
      source: 'x'
    }));
    const list = new CellLister().list(modelOf(many));
    expect(Buffer.byteLength(JSON.stringify(list.cells))).toBeLessThan(MAX_EVENT_BYTES - 60_000);
    expect(list.isCut).toBe(list.cells.length < count);
  });

  it('has another signature when cells are added, moved or changed in type, not in source', () => {
    const signature = cellsSignature(modelOf(cells));
    const changed = cells.map(cell => ({ ...cell, source: 'other' }));
    expect(cellsSignature(modelOf(changed))).toBe(signature);
    for (const other of [
      [...cells].reverse(),
      cells.slice(1),
      [...cells, { id: 'new', type: 'code', source: '' }],
      cells.map(cell => ({ ...cell, type: 'raw' }))
    ]) {
      expect(cellsSignature(modelOf(other))).not.toBe(signature);
    }
  });
});

it('Of a notebook’s metadata only nbgrader’s and ours are recorded', () => {
  const metadata = { nbgrader: { a: 1 }, cell_monitor: { class_id: 'c' }, kernelspec: {} };
  expect(recordedMetadata(modelOf([], metadata))).toEqual({
    nbgrader: { a: 1 },
    cell_monitor: { class_id: 'c' }
  });
});
