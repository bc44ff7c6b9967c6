import { Signal } from '@lumino/signaling';

import type { ISendingState } from '../../src/delivery';
import type { IRecorder, IRecording } from '../../src/interfaces';
import { PanelModel } from '../../src/panel/model';
import type { IProgress } from '../../src/panel/progress';

export const SENT: ISendingState = {
  waiting: 0,
  memoryCount: 0,
  sentCount: 0,
  state: 'sent',
  lastContact: null,
  detail: '',
  trouble: null,
  sentToday: 0,
  rejectedCount: 0,
  lastRejection: null,
  fullCount: 0,
  notKeptCount: 0
};

export const RECORDED: IRecording = {
  path: 'assignments/python-intro/02-conditions/02-条件分岐.ipynb',
  sessionId: 'session-1',
  classId: 'python-intro',
  reason: 'path',
  classes: [
    { class_id: 'python-intro', title: 'Python 入門', role: 'student' },
    { class_id: 'statistics', title: 'Statistics', role: 'student' }
  ],
  runningCells: 0
};

/** A recorder that a test holds in its hand. */
export class FakeRecorder implements IRecorder {
  readonly changed = new Signal<this, void>(this);
  chosen: [string, string | null][] = [];
  filed: [string, string][] = [];

  constructor(public current: IRecording | null = RECORDED) {}

  show(current: IRecording | null): void {
    this.current = current;
    this.changed.emit();
  }

  async choose(path: string, classId: string | null): Promise<void> {
    this.chosen.push([path, classId]);
  }

  file(path: string, classId: string): void {
    this.filed.push([path, classId]);
  }

  setMe(): void {
    throw new Error('not asked for');
  }

  dispose(): void {
    Signal.clearData(this);
  }
}

/** A sender that a test holds in its hand. */
export class FakeSender {
  readonly changed = new Signal<this, void>(this);
  flushes = 0;

  constructor(public state: ISendingState = SENT) {}

  show(state: Partial<ISendingState>): void {
    this.state = { ...SENT, ...state };
    this.changed.emit();
  }

  async flush(): Promise<void> {
    this.flushes += 1;
  }

  dispose(): void {
    Signal.clearData(this);
  }
}

/** A model of fakes. */
export class FakePanel {
  readonly recorder = new FakeRecorder();
  readonly sender = new FakeSender();
  readonly progress: { current: IProgress | null; changed: Signal<object, void> } = {
    current: { completed: 8, total: 14 },
    changed: new Signal<object, void>({})
  };
  readonly storage = {
    state: { isPersisted: true, mayVanish: false },
    changed: new Signal<object, void>({})
  };
  signIns = 0;
  saves = 0;
  readonly model = new PanelModel({
    recorder: this.recorder,
    sender: this.sender,
    progress: this.progress,
    storage: this.storage,
    save: async () => void (this.saves += 1),
    signIn: () => void (this.signIns += 1)
  });
}
