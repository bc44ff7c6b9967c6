/** Sends what waits in the queue, from whichever tab has something to send. */

import { PromiseDelegate } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { Batches } from './batches';
import { type IClock, systemClock } from './clock';
import { failureOf, type ISendingState, Schedule, type Trouble } from './delivery';
import type { ISender } from './interfaces';
import type { EventQueue, IQueuedEvent } from './queue';
import { RequestError } from './request';
import { chooseTurns, type ITurns } from './turns';
import { type ITransport, Transport } from './transport';

const MAX_FRESH = 100;
const LOOK_AGAIN_MS = 30_000;
const OTHER_TAB_MS = 5_000;
const HELD_LOOK_MS = 5_000;

/** What one tab tells the others. */
interface INews {
  added?: boolean;
  trouble: Trouble | null;
  detail: string;
  retryAt: number;
  rejectedCount: number;
}

/** What a sender works with; `connect` asks the server who the student is, and tells the rest. */
export interface ISenderOptions {
  queue: EventQueue;
  connect: () => Promise<void>;
  intervalMs: number;
  transport?: ITransport;
  turns?: ITurns;
  clock?: IClock;
  random?: () => number;
  channel?: Pick<BroadcastChannel, 'postMessage' | 'onmessage' | 'close'>;
  window?: Pick<Window, 'addEventListener' | 'removeEventListener'>;
}

/** Sends by itself from its making to its disposal; events leave the queue one acknowledged by one. */
export class Sender implements ISender, IDisposable {
  constructor(options: ISenderOptions) {
    this._queue = options.queue;
    this._connect = options.connect;
    this._transport = options.transport ?? new Transport();
    this._clock = options.clock ?? systemClock;
    this._random = options.random ?? Math.random;
    this._turns = options.turns ?? chooseTurns(this._queue, this._clock, navigator.locks);
    this._channel = options.channel ?? new BroadcastChannel(this._queue.name);
    this._window = options.window ?? window;
    this._batches = new Batches(this._queue, this._transport, this._clock, this._random);
    this._schedule = new Schedule(options.intervalMs);
    this._queue.added.connect(this._onAdded, this);
    this._channel.onmessage = message => this._onNews(message.data as INews);
    WINDOW_EVENTS.forEach(name => this._window.addEventListener(name, this));
    void this._run();
  }

  get state(): ISendingState {
    const { sentCount, rejectedCount, lastRejection, foreignCount, foreignDetail } = this._batches;
    const isForeign = foreignCount > 0 && foreignCount >= this._waiting;
    const trouble = this._trouble ?? (isForeign ? 'refused' : null);
    const calm = this._waiting > 0 ? 'waiting' : 'sent';
    return {
      waiting: this._waiting,
      sentCount,
      state:
        trouble === null || trouble === 'offline' || trouble === 'unavailable' ? calm : trouble,
      lastContact: this._lastContact,
      detail: this._detail || foreignDetail,
      trouble,
      rejectedCount,
      lastRejection
    };
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._stop.signal.aborted;
  }

  /** The time in ms between the starts of two requests. */
  set intervalMs(value: number) {
    this._schedule.intervalMs = value;
  }

  /** Send now, whatever the last failure was; resolves when the server has answered or not. */
  async flush(): Promise<void> {
    this._batches.release();
    this._schedule.askNow(this._clock.now());
    this._woken.abort();
    await this._roundDone.promise;
  }

  handleEvent(event: Event): void {
    if (event.type === 'pagehide') {
      this._transport.postLast([...this._fresh.values()]);
    } else if (this._trouble !== null && this._trouble !== 'unavailable') {
      this._schedule.askNow(this._clock.now());
      this._woken.abort();
    }
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._stop.abort();
    this._woken.abort();
    this._roundDone.resolve();
    this._channel.close();
    WINDOW_EVENTS.forEach(name => this._window.removeEventListener(name, this));
    Signal.clearData(this);
  }

  private async _run(): Promise<void> {
    await this._refresh(true).catch(error => this._fail(error));
    while (!this.isDisposed) {
      const waitMs = this._schedule.nextAt - this._clock.now();
      if (waitMs > 0) {
        this._woken = new AbortController();
        await this._clock.sleep(waitMs, this._woken.signal);
        continue;
      }
      try {
        await this._turns.inTurn(() => this._round(), this._stop.signal);
      } catch (error) {
        this._fail(error);
      }
      this._roundDone.resolve();
      this._roundDone = new PromiseDelegate();
    }
  }

  private async _round(): Promise<void> {
    if (this.isDisposed) {
      return;
    }
    this._schedule.start(this._clock.now());
    const batch = await this._batches.next();
    const asks = !this._isConnected || (this._trouble !== null && batch.length === 0);
    const isFine = (await this._deliver(batch)) && (!asks || (await this._ask()));
    if (isFine && (asks || batch.length > 0)) {
      this._lastContact = new Date(this._clock.now());
      this._trouble = null;
      this._detail = '';
      this._schedule.succeed();
    }
    await this._refresh();
    this._plan();
    if (asks || batch.length > 0) {
      this._tell();
    }
  }

  private async _deliver(batch: readonly IQueuedEvent[]): Promise<boolean> {
    if (batch.length === 0) {
      return true;
    }
    try {
      await this._batches.deliver(batch);
      batch.forEach(event => this._fresh.delete(event.key));
      return true;
    } catch (error) {
      if (!(error instanceof RequestError)) {
        throw error;
      }
      await this._batches.refuse(batch, error);
      if (failureOf(error) !== 'split' || error.status === 500) {
        this._fail(error);
      }
      return false;
    }
  }

  private async _ask(): Promise<boolean> {
    try {
      await this._connect();
      this._isConnected = true;
      return true;
    } catch (error) {
      this._fail(error);
      return false;
    }
  }

  private _fail(error: unknown): void {
    if (this.isDisposed) {
      return;
    }
    const known = error instanceof RequestError ? error : new RequestError(500, '', String(error));
    const failure = failureOf(known);
    this._trouble = failure === 'split' ? 'unavailable' : failure;
    this._detail = known.detail;
    this._schedule.fail(this._clock.now(), failure, known.retryAfterMs, this._random);
    this._changed.emit();
  }

  private async _refresh(withRejected = false): Promise<void> {
    this._waiting = await this._queue.count();
    if (this._waiting === 0) {
      this._fresh.clear();
    }
    if (withRejected) {
      await this._batches.readRejected();
    }
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  private _plan(): void {
    const now = this._clock.now();
    const { heldCount } = this._batches;
    if (this._waiting > heldCount) {
      this._schedule.ask(now);
    }
    this._schedule.lookIn(now, heldCount > 0 ? HELD_LOOK_MS : LOOK_AGAIN_MS);
  }

  private _onAdded(_queue: EventQueue, event: IQueuedEvent): void {
    if (this._fresh.size < MAX_FRESH) {
      this._fresh.set(event.key, event);
    }
    this._waiting += 1;
    this._schedule.ask(this._clock.now());
    this._woken.abort();
    this._tell(true);
    this._changed.emit();
  }

  private _tell(added?: boolean): void {
    if (this.isDisposed) {
      return;
    }
    const news: INews = {
      added,
      trouble: this._trouble,
      detail: this._detail,
      retryAt: this._schedule.retryAt,
      rejectedCount: this._batches.rejectedCount
    };
    this._channel.postMessage(news);
  }

  /** Another tab has kept an event, and sends it unless it is closed; or it has sent. */
  private _onNews(news: INews): void {
    if (news.added) {
      this._schedule.lookIn(this._clock.now(), OTHER_TAB_MS);
    } else if (news.trouble) {
      this._schedule.retryNotBefore(news.retryAt);
    } else {
      this._schedule.succeed();
    }
    if (!news.added) {
      this._trouble = news.trouble;
      this._detail = news.detail;
    }
    this._woken.abort();
    const isNew = news.rejectedCount !== this._batches.rejectedCount;
    this._refresh(isNew).catch(error => this._fail(error));
  }

  private readonly _queue: EventQueue;
  private readonly _connect: () => Promise<void>;
  private readonly _transport: ITransport;
  private readonly _turns: ITurns;
  private readonly _clock: IClock;
  private readonly _random: () => number;
  private readonly _channel: Pick<BroadcastChannel, 'postMessage' | 'onmessage' | 'close'>;
  private readonly _window: Pick<Window, 'addEventListener' | 'removeEventListener'>;
  private readonly _schedule: Schedule;
  private readonly _batches: Batches;
  private readonly _stop = new AbortController();
  private readonly _changed = new Signal<this, void>(this);
  /** This tab's own events that are not sent yet: what can still be read when the page goes. */
  private readonly _fresh = new Map<number, IQueuedEvent>();
  private _woken = new AbortController();
  private _roundDone = new PromiseDelegate<void>();
  private _isConnected = false;
  private _waiting = 0;
  private _trouble: Trouble | null = null;
  private _detail = '';
  private _lastContact: Date | null = null;
}

const WINDOW_EVENTS = ['online', 'focus', 'pagehide'];
