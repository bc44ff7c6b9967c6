/** What the parts of the extension know of each other. */

import type { ISignal } from '@lumino/signaling';

import type { AnyEvent, ClassRole, Me } from './contract';
import type { ILoss } from './database';

/** Takes the recorder's events; the promise resolves when an event is safe from a closed tab. */
export interface IEventSink {
  add(event: AnyEvent): Promise<void>;
  /** Report events that are lost already. */
  lose(loss: ILoss): Promise<void>;
}

/** Why a notebook is recorded for its class, or `none` why not; `unknown` before `Me` came. */
export type RecordingReason = 'metadata' | 'path' | 'choice' | 'none' | 'unknown';

/** What is recorded of one open notebook. `classes` are those that the student may choose. */
export interface IRecording {
  path: string;
  sessionId: string;
  classId: string | null;
  reason: RecordingReason;
  classes: ClassRole[];
  runningCells: number;
}

/** Watches the open notebooks. `current` is the notebook in front, if one is. */
export interface IRecorder {
  readonly current: IRecording | null;
  readonly changed: ISignal<IRecorder, void>;
  /** The student's own choice of a class (or of none) for a notebook; kept through a rename. */
  choose(path: string, classId: string | null): Promise<void>;
  /** The service has filed a notebook under a class: from then on it is the notebook's. */
  file(path: string, classId: string): void;
  setMe(me: Me): void;
  dispose(): void;
}

/**
 * Where the events are. `waiting` counts those in the queue, `sentCount` those of this page.
 *
 * `elsewhere`: this is another person's server, where nothing is recorded.
 */
export interface ISenderState {
  waiting: number;
  sentCount: number;
  state: 'sent' | 'waiting' | 'signed_out' | 'no_service' | 'refused' | 'elsewhere';
  lastContact: Date | null;
  detail: string;
}

/** Sends what waits in the queue. */
export interface ISender {
  readonly state: ISenderState;
  readonly changed: ISignal<ISender, void>;
  flush(): Promise<void>;
  dispose(): void;
}

/** The name of a browser database, so that two people at one computer never mix. */
export function databaseName(hubUrl: string, user: string): string {
  return `cell-monitor:${encodeURIComponent(hubUrl)}:${encodeURIComponent(user)}`;
}
