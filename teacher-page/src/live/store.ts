/** The live class of one notebook and time: snapshots, and the messages that are newer. */

import { isPassing } from '../api/problems';
import type { ClassErrors, ClassProgress, ErrorAlert, ServerMessage } from '../contract';
import { addErrors, fromAlert, fromList } from './errors';
import type { LiveError } from './errors';
import { applyMessages, isGridMessage } from './grid';
import type { Grid, GridMessage, Stale } from './grid';
import { Refresh } from './refresh';
import { gridOf } from './snapshot';

/** What is shown. `problem`: why the newest snapshot could not be read. */
export interface Live {
  grid: Grid | null;
  errors: readonly LiveError[];
  problem: unknown;
}

export interface Snapshot {
  progress: ClassProgress;
  errors: ClassErrors;
}

/**
 * What a store needs of the world: `load` reads a snapshot, `frame` waits for the next picture,
 * `onSilence` hears that the socket does not tell what the service knows.
 */
export interface StoreOptions {
  notebook_key: string | null;
  load: () => Promise<Snapshot>;
  now: () => number;
  frame: (callback: () => void) => void;
  onSilence: () => void;
}

const WAIT_MS: Record<Stale, number> = { no: 60_000, soon: 10_000, now: 300 };
const RETRY_MS = 3_000;
const SILENCE_MS = 5_000;
const MAX_BUFFERED = 20_000;

export class LiveStore {
  constructor(private readonly options: StoreOptions) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getState = (): Live => this.live;

  /** Reads the first snapshot and keeps it fresh; the returned function ends it. */
  start(): () => void {
    const stop = this.refresh.start();
    return () => {
      stop();
      clearTimeout(this.silenceTimer);
    };
  }

  /** Takes a message of the class's channel; what it changes shows with the next picture. */
  receive(message: ServerMessage): void {
    if (message.event === 'hello' || message.event === 'refused') {
      return;
    }
    const heard = this.heard;
    this.heard = Math.max(heard, message.cursor);
    if (isGridMessage(message)) {
      this.waiting.push(message);
      this.draw();
    } else if (message.event === 'error_alert') {
      this.alerts.push(message);
      this.draw();
    } else if (message.event !== 'progress_update') {
      this.catchUp(message.cursor, heard);
    }
  }

  // Subscribed at a cursor: what lies between it and what was heard and read before was missed.
  private catchUp(cursor: number, heard: number): void {
    this.needed = Math.max(this.needed, cursor);
    if (!this.refresh.isReading && cursor > Math.max(heard, this.live.grid?.cursor ?? -1)) {
      this.refresh.plan(0);
    }
  }

  private draw(): void {
    if (!this.drawing) {
      this.drawing = true;
      this.options.frame(() => {
        this.drawing = false;
        this.apply();
      });
    }
  }

  private apply(): void {
    const messages = this.waiting.splice(0);
    if (this.refresh.isReading) {
      this.buffered.push(...messages);
      this.buffered.splice(0, this.buffered.length - MAX_BUFFERED);
    }
    const { notebook_key } = this.options;
    const here = this.alerts.splice(0).filter(alert => alert.notebook_key === notebook_key);
    const errors = addErrors(this.live.errors, here.map(fromAlert));
    const grid = this.live.grid && this.applied(this.live.grid, messages);
    this.show({ ...this.live, grid, errors });
  }

  private applied(grid: Grid, messages: readonly GridMessage[]): Grid {
    const result = applyMessages(grid, messages, this.options.now());
    for (const key of result.asked) {
      this.asked.add(key);
    }
    this.refresh.plan(WAIT_MS[result.stale]);
    return result.grid;
  }

  private async load(): Promise<void> {
    const asked = new Set(this.asked);
    this.asked.clear();
    this.buffered = [];
    try {
      this.take(await this.options.load(), asked);
    } catch (problem) {
      this.show({ ...this.live, problem });
      if (isPassing(problem)) {
        this.refresh.plan(RETRY_MS);
      }
    }
  }

  private take({ progress, errors }: Snapshot, asked: ReadonlySet<string>): void {
    const grid = gridOf(progress, this.live.grid, asked, this.options.now());
    this.show({
      grid: this.applied(grid, this.buffered),
      errors: addErrors(this.live.errors, errors.errors.map(fromList)),
      problem: null
    });
    if (progress.cursor < this.needed) {
      this.refresh.plan(WAIT_MS.now);
    }
    clearTimeout(this.silenceTimer);
    this.silenceTimer = setTimeout(() => this.checkSilence(progress.cursor), SILENCE_MS);
  }

  // A snapshot knows more than the socket has told five seconds later: the line is dead.
  private checkSilence(cursor: number): void {
    if (this.heard < cursor) {
      this.options.onSilence();
    }
  }

  private show(live: Live): void {
    this.live = live;
    for (const listener of [...this.listeners]) {
      listener();
    }
  }

  private live: Live = { grid: null, errors: [], problem: null };
  private readonly refresh = new Refresh(() => this.load());
  private readonly listeners = new Set<() => void>();
  private readonly waiting: GridMessage[] = [];
  private readonly alerts: ErrorAlert[] = [];
  private readonly asked = new Set<string>();
  private buffered: GridMessage[] = [];
  private heard = 0;
  private needed = 0;
  private drawing = false;
  private silenceTimer: ReturnType<typeof setTimeout> | undefined;
}
