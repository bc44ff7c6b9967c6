/** How a batch of events crosses the wire. */

import type { ServerConnection } from '@jupyterlab/services';

import {
  type EventResult,
  type EventResults,
  MAX_BODY_BYTES,
  MAX_INFLATED_BYTES
} from './contract';
import type { IQueuedEvent } from './queue';
import { request, RequestError } from './request';

// The server extension gives up on the service after 20 s.
const TIMEOUT_MS = 30_000;
// Browsers refuse more than 64 KiB in all requests that outlive their page together.
const MAX_LAST_BYTES = 60 * 1024;
const ENVELOPE_BYTES = 1024;

/** Sends batches; `maxBytes` is what one may hold before it is compressed. */
export interface ITransport {
  readonly maxBytes: number;
  /** One result for each event, in the order sent. Throws `RequestError`. */
  post(events: readonly IQueuedEvent[]): Promise<EventResult[]>;
  /** Send as much as may outlive the page; nobody is there to read the answer. */
  postLast(events: readonly IQueuedEvent[]): void;
}

/** Posts to the own Jupyter server, gzipped where the browser can. */
export class Transport implements ITransport {
  constructor(private readonly _settings?: ServerConnection.ISettings) {}

  readonly maxBytes =
    (typeof CompressionStream === 'undefined' ? MAX_BODY_BYTES : MAX_INFLATED_BYTES) -
    ENVELOPE_BYTES;

  async post(events: readonly IQueuedEvent[]): Promise<EventResult[]> {
    const { body, headers } = await encode(batchOf(events));
    if (body.byteLength > MAX_BODY_BYTES) {
      throw new RequestError(413, 'too_large', 'The batch is too large for one request.');
    }
    const init = { method: 'POST', headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) };
    const answer = await request<EventResults>('events', init, this._settings);
    if (!Array.isArray(answer?.results) || answer.results.length !== events.length) {
      throw new RequestError(502, 'no_json', 'The answer has not one result for each event.');
    }
    return answer.results;
  }

  postLast(events: readonly IQueuedEvent[]): void {
    let left = MAX_LAST_BYTES - ENVELOPE_BYTES;
    const last = events.filter(({ bytes }) => {
      const fits = bytes < left;
      left -= fits ? bytes + 1 : 0;
      return fits;
    });
    if (last.length > 0) {
      const headers = { 'Content-Type': 'application/json' };
      const init = { method: 'POST', headers, body: batchOf(last), keepalive: true };
      // They stay in the queue, and are sent again where this fails.
      request('events', init, this._settings).catch(() => undefined);
    }
  }
}

function batchOf(events: readonly IQueuedEvent[]): string {
  return `{"events":[${events.map(event => event.body).join(',')}]}`;
}

async function encode(
  text: string
): Promise<{ body: Uint8Array<ArrayBuffer>; headers: Record<string, string> }> {
  const headers = { 'Content-Type': 'application/json' };
  const plain = new TextEncoder().encode(text);
  if (typeof CompressionStream === 'undefined') {
    return { body: plain, headers };
  }
  const stream = new Blob([plain]).stream().pipeThrough(new CompressionStream('gzip'));
  const body = new Uint8Array(await new Response(stream).arrayBuffer());
  return { body, headers: { ...headers, 'Content-Encoding': 'gzip' } };
}
