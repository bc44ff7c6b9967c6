/** How a batch of events crosses the wire. */

import type { ServerConnection } from '@jupyterlab/services';

import {
  type EventResult,
  type EventResults,
  MAX_BODY_BYTES,
  MAX_INFLATED_BYTES
} from './contract';
import { CONTENT_NEEDED, failureOf } from './delivery';
import type { IQueuedEvent } from './queue';
import { isSignedOut, request, RequestError } from './request';
import { Chain } from './wire/chain';
import { type IEncoded, WireEncoder } from './wire/encoder';
import { type IPacked, pack } from './wire/pack';

// The server extension gives up on the service after 20 s.
const TIMEOUT_MS = 30_000;
// Browsers refuse more than 64 KiB in all requests that outlive their page together.
const MAX_LAST_BYTES = 60 * 1024;
const ENVELOPE_BYTES = 1024;

/** An event as far as it travels. */
export type IUnsent = Pick<IQueuedEvent, 'eventId' | 'body' | 'bytes'>;

/** Sends batches; `maxBytes` is what one may hold before it is compressed. */
export interface ITransport {
  readonly maxBytes: number;
  /**
   * One result for each event, in the order sent. Throws `RequestError`. `retry` with
   * `content_needed`: the event goes whole the next time, so send it at once.
   */
  post(events: readonly IQueuedEvent[]): Promise<EventResult[]>;
  /** Send as much as may outlive the page; nobody is there to read the answer. */
  postLast(events: readonly IUnsent[]): void;
}

/** Posts to the own Jupyter server: what the service has is referred to, the rest compressed. */
export class Transport implements ITransport {
  constructor(
    private readonly _settings?: ServerConnection.ISettings,
    private readonly _now: () => Date = () => new Date()
  ) {}

  readonly maxBytes =
    (typeof CompressionStream === 'undefined' ? MAX_BODY_BYTES : MAX_INFLATED_BYTES) -
    ENVELOPE_BYTES;

  async post(events: readonly IQueuedEvent[]): Promise<EventResult[]> {
    const { dictionary } = this._chain;
    const encoded = await this._encoder.encode(
      events.map(({ body }) => body),
      this._now(),
      index => this._whole.has(events[index].eventId),
      dictionary?.reach
    );
    const packed = await pack(encoded.text, dictionary);
    try {
      const results = await this._send(packed, events.length);
      await this._chain.goOn(packed, encoded.reach);
      return results.map((result, index) => this._settle(encoded, index, result));
    } catch (error) {
      if (!(error instanceof RequestError)) {
        throw error;
      }
      if (packed.dictionary !== null && isOfForm(error)) {
        // Whoever does not know the dictionary knows no contents either.
        this._chain.refuse();
        this._encoder.forgetAll();
        return this.post(events);
      }
      return this._refused(encoded, error);
    }
  }

  postLast(events: readonly IUnsent[]): void {
    let left = MAX_LAST_BYTES - ENVELOPE_BYTES;
    const last = events.filter(({ bytes }) => {
      const fits = bytes < left;
      left -= fits ? bytes + 1 : 0;
      return fits;
    });
    if (last.length > 0) {
      const headers = { 'Content-Type': 'application/json' };
      const bodies = last.map(({ body }) => body).join(',');
      // Whole: a page that goes has no time to hash, and cannot send again what is not known.
      const body = `{"events":[${bodies}],"sent_at":"${this._now().toISOString()}"}`;
      const init = { method: 'POST', headers, body, keepalive: true };
      // They stay in the queue, and are sent again where this fails.
      request('events', init, this._settings).catch(() => undefined);
    }
  }

  /** The results where a refusal may be the fault of the events' pieces; else it is thrown on. */
  private _refused(encoded: IEncoded, error: RequestError): EventResult[] {
    if (isSignedOut(error)) {
      // Somebody else may sign in.
      this._chain.end();
    }
    if (!encoded.isReduced.includes(true) || failureOf(error) !== 'split') {
      throw error;
    }
    // A service that cannot read pieces refuses so: only the whole batch's refusal counts.
    return encoded.plans.map((_, index) => this._again(encoded, index));
  }

  private async _send({ body, headers }: IPacked, count: number): Promise<EventResult[]> {
    if (body.byteLength > MAX_BODY_BYTES) {
      throw new RequestError(413, 'too_large', 'The batch is too large for one request.');
    }
    const init = { method: 'POST', headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) };
    const answer = await request<EventResults>('events', init, this._settings);
    if (!Array.isArray(answer?.results) || answer.results.length !== count) {
      throw new RequestError(502, 'no_json', 'The answer has not one result for each event.');
    }
    return answer.results;
  }

  /** Remember what an answer says of the service's contents; a refusal counts of a whole only. */
  private _settle(encoded: IEncoded, index: number, result: EventResult): EventResult {
    const isNeeded = result.status === 'retry' && result.code === CONTENT_NEEDED;
    if (result.status === 'stored' || result.status === 'duplicate') {
      this._encoder.learn(encoded, index);
      this._whole.delete(encoded.plans[index].eventId);
    } else if (encoded.isReduced[index] && (isNeeded || result.status === 'rejected')) {
      return this._again(encoded, index);
    }
    // A whole event lacks nothing: what the service says of it is no reason for haste.
    return isNeeded ? { ...result, code: undefined } : result;
  }

  /** The event goes whole the next time, and refers to nothing that its session had. */
  private _again(encoded: IEncoded, index: number): EventResult {
    const { eventId } = encoded.plans[index];
    this._encoder.forget(encoded, index);
    this._whole.add(eventId);
    return { event_id: eventId, status: 'retry', code: CONTENT_NEEDED };
  }

  private readonly _encoder = new WireEncoder();
  private readonly _chain = new Chain();
  /** The events that go whole the next time. */
  private readonly _whole = new Set<string>();
}

/** Whether a batch may be refused because of how it is compressed. */
function isOfForm({ status, code }: RequestError): boolean {
  return code === CONTENT_NEEDED || [400, 415, 500].includes(status);
}
