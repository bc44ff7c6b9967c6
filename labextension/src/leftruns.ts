/** The runs whose notebook is closed, in an earlier page or in this one. */

import type { IStoredRun } from './database';
import { FollowedRuns, type IFollowed, type IFollowing } from './following';
import type { IEventSink } from './interfaces';
import type { IOpenRuns } from './journal';
import type { OpenPages } from './pages';
import { Run } from './runs';
import { type ISource, SessionEvents } from './sessions';

// Pages answer within some milliseconds. What a page does that was busy for longer is told by both,
// with the same ids.
const ANSWER_MS = 400;

/** What the recorder gives. */
export interface ILeftRunsOptions extends Omit<IFollowing, 'newId'> {
  runs: Pick<IOpenRuns, 'pages' | 'adoptRuns'>;
  pages: Pick<OpenPages, 'id' | 'silent'>;
  sink: IEventSink;
  source: ISource;
}

/** Follows them, and gives them to their notebook where it is opened. */
export class LeftRuns {
  constructor(private _options: ILeftRunsOptions) {
    this.found = this._find().catch((error: unknown) => {
      // The next page finds them.
      console.warn('The runs that an earlier page left open could not be read.', error);
    });
  }

  /** Resolves when those of earlier pages are found, and their kernels listened to or not there. */
  get listening(): Promise<unknown> {
    return this.found.then(() => Promise.all(this._followed.map(followed => followed.listening)));
  }

  /** Say who the student is. */
  setStudent(studentId: string): void {
    this._studentId = studentId;
    this._sessions.splice(0).forEach(events => events.record(studentId, null));
  }

  /** The runs of the notebook `path` that nobody attends to. */
  async take(path: string): Promise<FollowedRuns[]> {
    await this.found;
    return this._followed.filter(followed => followed.path === path && !followed.isAttended);
  }

  /** Go on with runs whose connection goes. */
  follow(runs: readonly Run[], of: IFollowed): FollowedRuns[] {
    const options = { ...this._options, newId: () => this._options.source.newId() };
    const followed = [...groups(runs, ({ open }) => `${open.kernelId} ${open.clientId}`)].map(
      group => new FollowedRuns(group, { ...of }, options)
    );
    this._followed = [...this._followed.filter(({ isOver }) => !isOver), ...followed];
    return followed;
  }

  /**
   * The notebooks of the last page are open again: forget what it left of others, unless they are
   * known to be recorded. What this page left waits for the next one.
   */
  async forgetUntold(): Promise<void> {
    await this.found;
    this._ofLastPage.filter(({ isAttended }) => !isAttended).forEach(each => each.forgetUntold());
  }

  dispose(): void {
    this._isDisposed = true;
    this._followed.forEach(followed => followed.dispose());
  }

  private async _find(): Promise<void> {
    const { runs, pages } = this._options;
    const owners = new Set(await runs.pages());
    owners.delete(pages.id);
    if (owners.size === 0) {
      return;
    }
    const left = await runs.adoptRuns(pages.id, await pages.silent(owners, ANSWER_MS));
    if (!this._isDisposed) {
      groups(left, run => run.path).forEach(group => this._followLeft(group));
    }
  }

  private _followLeft(left: readonly IStoredRun[]): void {
    const events = new SessionEvents(this._options.sink, this._options.source);
    if (this._studentId === null) {
      this._sessions.push(events);
    } else {
      events.record(this._studentId, null);
    }
    const runs = left.map(run => new Run(run, this._options.sizes()));
    const of = { path: left[0].path, isSure: left.some(({ isSure }) => isSure), events };
    this._ofLastPage.push(...this.follow(runs, of));
  }

  /** Resolves when the runs of earlier pages are found. */
  private readonly found: Promise<void>;
  private _followed: FollowedRuns[] = [];
  private _ofLastPage: FollowedRuns[] = [];
  /** The sessions that do not know their student yet. */
  private _sessions: SessionEvents[] = [];
  private _studentId: string | null = null;
  private _isDisposed = false;
}

function groups<T>(values: readonly T[], key: (value: T) => string): T[][] {
  const byKey = new Map<string, T[]>();
  values.forEach(value => byKey.set(key(value), [...(byKey.get(key(value)) ?? []), value]));
  return [...byKey.values()];
}
