/** Sends what waits in the queue, from whichever tab has something to send. */

import { PromiseDelegate } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { Batches } from './batches';
import { type IClock, systemClock } from './clock';
import { failureOf, type ISendingState, Schedule, type Trouble } from './delivery';
import type { ISender } from './interfaces';
import type { IWritten } from './journal';
import type { INews, TabChannel } from './news';
import type { EventQueue, IQueuedEvent } from './queue';
import { RequestError } from './request';
import { stateOf, Tally } from './tally';
import { type ITransport, Transport } from './transport';
import { chooseTurns, type ITurns } from './turns';

const MAX_FRESH = 100;
const LOOK_AGAIN_MS = 30_000;
const OTHER_TAB_MS = 5_000;
const HELD_LOOK_MS = 5_000;

/** What a sender works with; `connect` asks the server who the student is, and tells the rest. */
export interface ISenderOptions {
  queue: EventQueue;
  connect: () => Promise<string>;
  intervalMs: number;
  transport?: ITransport;
  turns?: ITurns;
  clock?: IClock;
  random?: () => number;
  channel?: TabChannel;
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
    this._tally = new Tally(this._queue);
    this._schedule = new Schedule(options.intervalMs);
    this._queue.added.connect(this._onAdded, this);
    this._queue.changed.connect(this._onQueueChanged, this);
    this._channel.onmessage = message => this._onNews(message.data as INews);
    WINDOW_EVENTS.forEach(name => this._window.addEventListener(name, this));
    void this._run();
  }

  get state(): ISendingState {
    const { memoryCount } = this._queue;
    const own = { memoryCount, trouble: this._trouble, detail: this._detail };
    return stateOf(this._tally, this._batches, own);
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
    this._schedule.askNow(this._clock.elapsed());
    this._woken.abort();
    await this._roundDone.promise;
  }

  handleEvent(event: Event): void {
    if (event.type === 'pagehide') {
      this._transport.postLast([...this._queue.leave(), ...this._fresh.values()]);
    } else if (this._trouble !== null && this._trouble !== 'unavailable') {
      this._schedule.askNow(this._clock.elapsed());
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
    await this._refresh().catch(error => this._fail(error));
    while (!this.isDisposed) {
      const waitMs = this._schedule.nextAt - this._clock.elapsed();
      if (waitMs > 0) {
        this._woken = new AbortController();
        await this._clock.sleep(waitMs, this._woken.signal);
        continue;
      }
      try {
        await this._turns.inTurn(prolong => this._round(prolong), this._stop.signal);
      } catch (error) {
        this._fail(error);
      }
      this._roundDone.resolve();
      this._roundDone = new PromiseDelegate();
    }
  }

  private async _round(prolong: () => Promise<void>): Promise<void> {
    if (this.isDisposed) {
      return;
    }
    this._schedule.start(this._clock.elapsed());
    const isNew = this._studentId === null;
    const [isFine, count] =
      isNew && !(await this._ask()) ? [false, 0] : await this._exchange(prolong, !isNew);
    if (isFine && (isNew || count > 0)) {
      this._succeed();
    }
    const isToTell = !isFine || isNew || count > 0;
    await this._refresh();
    this._plan();
    if (isToTell) {
      this._tell();
    }
  }

  /** Send a batch; whether all went well, and how many events (or questions) there were. */
  private async _exchange(
    prolong: () => Promise<void>,
    mayAsk: boolean
  ): Promise<[isFine: boolean, count: number]> {
    const batch = await this._batches.next(this._studentId ?? '');
    if (batch.length > 0) {
      await prolong();
      return [await this._deliver(batch), batch.length];
    }
    // Nothing is there to send, but the student wants to know when the trouble is over.
    const isAsking = mayAsk && this._trouble !== null;
    return isAsking ? [await this._ask(), 1] : [true, 0];
  }

  private _succeed(): void {
    this._tally.lastContact = new Date(this._clock.now());
    this._trouble = null;
    this._detail = '';
    this._schedule.succeed();
  }

  private async _deliver(batch: readonly IQueuedEvent[]): Promise<boolean> {
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
      [this._studentId] = await Promise.all([this._connect(), this._queue.retry()]);
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
    if (failure === 'signed_out') {
      // Somebody else may sign in.
      this._studentId = null;
    }
    this._schedule.fail(this._clock.elapsed(), failure, known.retryAfterMs, this._random);
    this._changed.emit();
  }

  private async _refresh(): Promise<void> {
    await this._tally.refresh(this._studentId, this._clock.now());
    if (this._tally.waiting === 0) {
      this._fresh.clear();
    }
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  private _plan(): void {
    const now = this._clock.elapsed();
    const held = this._batches.heldCount + this._tally.foreignCount + this._queue.stuckCount;
    if (this._batches.isAgain && this._trouble === null) {
      this._batches.isAgain = false;
      this._schedule.askNow(now);
    } else if (this._tally.waiting > held) {
      this._schedule.ask(now);
    }
    this._schedule.lookIn(now, this._batches.heldCount > 0 ? HELD_LOOK_MS : LOOK_AGAIN_MS);
  }

  private _onAdded(_queue: EventQueue, { events, isMoreToCome }: IWritten): void {
    const onDisk = events.filter(({ key }) => key > 0);
    onDisk.slice(0, MAX_FRESH - this._fresh.size).forEach(each => this._fresh.set(each.key, each));
    this._tally.waiting += events.length;
    this._schedule.ask(this._clock.elapsed(), isMoreToCome);
    this._woken.abort();
    this._tell(true);
    this._changed.emit();
  }

  private _onQueueChanged(): void {
    this._refresh().catch(error => this._fail(error));
  }

  private _tell(added?: boolean): void {
    if (this.isDisposed) {
      return;
    }
    const retryInMs = this._schedule.retryAt - this._clock.elapsed();
    const news: INews = { added, trouble: this._trouble, detail: this._detail, retryInMs };
    this._channel.postMessage(news);
  }

  /** Another tab has kept an event, and sends it unless it is closed; or it has sent. */
  private _onNews(news: INews): void {
    if (news.added) {
      this._schedule.lookIn(this._clock.elapsed(), OTHER_TAB_MS);
    } else {
      this._trouble = news.trouble;
      this._detail = news.detail;
      if (news.trouble) {
        this._schedule.retryNotBefore(this._clock.elapsed() + news.retryInMs);
      } else {
        this._schedule.succeed();
        // No other tab can send what is in this one's memory.
        if (this._queue.memoryCount > 0) {
          this._schedule.ask(this._clock.elapsed());
        }
      }
    }
    this._woken.abort();
    this._refresh().catch(error => this._fail(error));
  }

  private readonly _queue: EventQueue;
  private readonly _connect: () => Promise<string>;
  private readonly _transport: ITransport;
  private readonly _turns: ITurns;
  private readonly _clock: IClock;
  private readonly _random: () => number;
  private readonly _channel: TabChannel;
  private readonly _window: Pick<Window, 'addEventListener' | 'removeEventListener'>;
  private readonly _schedule: Schedule;
  private readonly _batches: Batches;
  private readonly _tally: Tally;
  private readonly _stop = new AbortController();
  private readonly _changed = new Signal<this, void>(this);
  /** This tab's own events that are not sent yet: what can still be read when the page goes. */
  private readonly _fresh = new Map<number, IQueuedEvent>();
  private _woken = new AbortController();
  private _roundDone = new PromiseDelegate<void>();
  /** Whose events are sent: known when the server has said so. */
  private _studentId: string | null = null;
  private _trouble: Trouble | null = null;
  private _detail = '';
}

const WINDOW_EVENTS = ['online', 'focus', 'pagehide'];
