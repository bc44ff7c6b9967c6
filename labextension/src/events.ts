/** The events of a notebook, in the contract's words. */

import type { INotebookModel } from '@jupyterlab/notebook';

import { type CellLister, recordedMetadata } from './cells';
import type { IClassification } from './classes';
import {
  type CellExecutionComplete,
  type CellExecutionError,
  type CellExecutionStart,
  MAX_NOTEBOOK_NAME_LENGTH,
  type NotebookOpened
} from './contract';
import type { IOpenRun, IRunEnd } from './runs';
import type { EventFields } from './sessions';

/** The event of a notebook's opening, and of each later change of its cells or path. */
export function openedEvent(
  model: INotebookModel,
  lister: CellLister,
  notebook: { path: string; renamedFrom: string | null; classification: IClassification }
): EventFields<NotebookOpened> {
  const { path, renamedFrom, classification } = notebook;
  const { cells, isCut } = lister.list(model);
  const isChoice = classification.reason === 'choice' && classification.classId !== null;
  return {
    event_type: 'notebook_opened',
    notebook_path: path,
    notebook_name: path.slice(path.lastIndexOf('/') + 1).slice(0, MAX_NOTEBOOK_NAME_LENGTH),
    cells,
    ...(isCut && { cells_truncated: true as const }),
    metadata: recordedMetadata(model),
    nbformat_minor: model.nbformatMinor,
    ...(renamedFrom !== null && { renamed_from: renamedFrom }),
    ...(isChoice && { class_id: classification.classId as string })
  };
}

/** The event of a run that the kernel has begun. */
export function startEvent(run: IOpenRun, path: string): EventFields<CellExecutionStart> {
  return {
    event_type: 'cell_execution_start',
    ...runFields(run, path),
    code: run.code
  };
}

/** The event of a run's end, an error or not. */
export function endEvent(
  run: IOpenRun,
  end: IRunEnd,
  path: string
): EventFields<CellExecutionComplete> | EventFields<CellExecutionError> {
  const fields = {
    event_id: run.endEventId,
    ...runFields(run, path),
    code: run.code,
    output: end.outputs,
    ...(end.isOutputIncomplete && { output_incomplete: true as const }),
    ...(end.endedAt && { ended_at: end.endedAt.text }),
    ...(end.durationMs !== null && { duration_ms: end.durationMs })
  };
  if (end.status === 'error' && end.error !== null) {
    return { event_type: 'cell_execution_error', ...fields, error: end.error, success: false };
  }
  const status = end.status === 'unknown' ? 'unknown' : 'completed';
  const success = status === 'completed';
  return { event_type: 'cell_execution_complete', ...fields, success, status };
}

function runFields(run: IOpenRun, path: string) {
  return {
    notebook_path: path,
    kernel_id: run.kernelId,
    cell_id: run.cellId,
    execution_id: run.executionId,
    execution_count: run.start?.executionCount ?? 0,
    ...(run.codeIsCut && { code_truncated: true as const }),
    ...(run.start?.startedAt && { started_at: run.start.startedAt.text })
  };
}
