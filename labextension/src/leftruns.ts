/** The runs that a page which is gone left open. */

import type { IStoredRun } from './database';
import { endEvent } from './events';
import type { IEventSink } from './interfaces';
import type { IOpenRuns } from './journal';
import type { OpenPages } from './pages';
import type { IOpenRun, IRunEnd } from './runs';
import { type ISource, SessionEvents } from './sessions';

// Pages answer within some milliseconds; one that is busy for longer closes its own runs twice,
// with the same event id.
const ANSWER_MS = 400;

const UNSEEN: IRunEnd = {
  status: 'unknown',
  endedAt: null,
  durationMs: null,
  outputs: [],
  isOutputIncomplete: true,
  error: null
};

/** Finds them once, and gives each away once. */
export class LeftRuns {
  constructor(
    private _runs: IOpenRuns,
    pages: Pick<OpenPages, 'id' | 'living'>
  ) {
    this._byPath = this._find(pages).catch((error: unknown) => {
      // The next page finds them.
      console.warn('The runs that an earlier page left open could not be read.', error);
      return new Map();
    });
  }

  /** The runs of the notebook `path`, for whoever goes on with them. */
  async take(path: string): Promise<IOpenRun[]> {
    const byPath = await this._byPath;
    const runs = byPath.get(path) ?? [];
    byPath.delete(path);
    return runs;
  }

  /** Close the runs of notebooks that are not `open` any more: nobody will see their end. */
  async closeRest(
    open: ReadonlySet<string>,
    recording: { sink: IEventSink; source: ISource; studentId: string }
  ): Promise<void> {
    const paths = [...(await this._byPath).keys()].filter(path => !open.has(path));
    for (const path of paths) {
      const events = new SessionEvents(recording.sink, recording.source);
      events.record(recording.studentId, null);
      for (const run of await this.take(path)) {
        if ((run as IStoredRun).isSure && run.start !== null) {
          const isSettled = await events.add(endEvent(run, UNSEEN, path));
          if (!isSettled) {
            continue;
          }
        }
        this._runs.forgetRun(run.executionId);
      }
    }
  }

  private async _find(pages: Pick<OpenPages, 'id' | 'living'>): Promise<Map<string, IStoredRun[]>> {
    const living = await pages.living(ANSWER_MS);
    const runs = await this._runs.adoptRuns(pages.id, living);
    const byPath = new Map<string, IStoredRun[]>();
    runs.forEach(run => byPath.set(run.path, [...(byPath.get(run.path) ?? []), run]));
    return byPath;
  }

  private _byPath: Promise<Map<string, IStoredRun[]>>;
}
