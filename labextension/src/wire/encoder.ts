/**
 * Batches of events as they travel: content that the service has goes as its hash.
 *
 * It knows no browser: `benchmarks/` runs it too.
 */

import { Contents, hashOf } from './contents';
import { type IPlan, type Piece, plan } from './plan';
import { sha256Hex, utf8Length } from './utf8';

/** A batch on its way. `isReduced` says of each event whether it goes in pieces. */
export interface IEncoded {
  text: string;
  isReduced: boolean[];
  plans: readonly IPlan[];
  sentAt: string;
}

export interface IEncoderOptions {
  /** How much content is remembered, in UTF-8 bytes. */
  maxBytes?: number;
  useDeltas?: boolean;
}

const MAX_BYTES = 4 * 1024 * 1024;
// gzip looks back 32 KiB.
const WINDOW_BYTES = 30_000;
// The longest that the page's other work waits.
const SLICE_MS = 4;

/** Encodes the batches of one sender, one after the other. */
export class WireEncoder {
  constructor({ maxBytes = MAX_BYTES, useDeltas = true }: IEncoderOptions = {}) {
    this._known = new Contents(maxBytes);
    this._useDeltas = useDeltas;
  }

  /** Encode bodies; those that `isWhole` names by their place go as they are. */
  async encode(
    bodies: readonly string[],
    sentAt: Date,
    isWhole: (index: number) => boolean = () => false
  ): Promise<IEncoded> {
    const batch = new Batch(this._known, this._useDeltas);
    const texts: string[] = [];
    const plans: IPlan[] = [];
    let until = performance.now() + SLICE_MS;
    for (const [index, body] of bodies.entries()) {
      const planned = batch.plan(body, !isWhole(index));
      const text = await textOf(planned);
      // A body that is shorter goes whole after all.
      const isShorter = planned.pieces !== null && utf8Length(text) < utf8Length(body);
      const chosen = isShorter ? planned : { ...planned, pieces: null };
      plans.push(chosen);
      texts.push(isShorter ? text : body);
      batch.add(chosen, texts[index].length);
      if (performance.now() > until) {
        await pause();
        until = performance.now() + SLICE_MS;
      }
    }
    const isReduced = plans.map(({ pieces }) => pieces !== null);
    const at = sentAt.toISOString();
    return { text: envelopeOf(texts, at), isReduced, plans, sentAt: at };
  }

  /** The service has stored an event of a batch: its contents may be referred to. */
  learn({ plans }: IEncoded, index: number): void {
    plans[index].contents.forEach(content => this._known.add(content));
  }

  /** The service does not know what an event of a batch, or its session, refers to. */
  forget({ plans }: IEncoded, index: number): void {
    this._known.forget(plans[index].sessionId);
  }

  private readonly _known: Contents;
  private readonly _useDeltas: boolean;
}

/** The same batch with all events as they are. */
export function wholeText({ plans, sentAt }: IEncoded): string {
  return envelopeOf(
    plans.map(({ body }) => body),
    sentAt
  );
}

/** `sentAt`: when the batch is sent, by this computer's clock (RFC 3339). */
function envelopeOf(events: readonly string[], sentAt: string): string {
  return `{"events":[${events.join(',')}],"sent_at":"${sentAt}","contents":true}`;
}

/** What stands in one batch so far. */
class Batch {
  constructor(
    private readonly _known: Contents,
    private readonly _useDeltas: boolean
  ) {}

  plan(body: string, mayReduce: boolean): IPlan {
    return plan(body, mayReduce, {
      known: this._known,
      offered: this._offered,
      isNear: text => this._bytes - (this._seen.get(text) ?? -Infinity) < WINDOW_BYTES,
      useDeltas: this._useDeltas
    });
  }

  /** An event is added, in so many characters. */
  add({ contents, pieces }: IPlan, length: number): void {
    this._bytes += length;
    const referred = new Set(pieces?.map(piece => ('text' in piece ? null : piece.content.text)));
    contents.forEach(content => {
      this._offered.add(content);
      if (!referred.has(content.text)) {
        this._seen.set(content.text, this._bytes);
      }
    });
  }

  private readonly _offered = new Contents(Infinity);
  private readonly _seen = new Map<string, number>();
  private _bytes = 0;
}

async function textOf({ body, eventId, sessionId, pieces }: IPlan): Promise<string> {
  if (pieces === null) {
    return body;
  }
  const parts = await Promise.all(pieces.map(wirePiece));
  const sha256 = await sha256Hex(body);
  return JSON.stringify({ event_id: eventId, session_id: sessionId, sha256, pieces: parts });
}

async function wirePiece(piece: Piece): Promise<string | object> {
  if ('text' in piece) {
    return piece.text;
  }
  const sha256 = await hashOf(piece.content);
  return 'base' in piece
    ? { sha256, base_sha256: await hashOf(piece.base), edits: piece.edits }
    : { sha256 };
}

/** Let the page do its other work; a timer would be slow in a tab that is not in front. */
async function pause(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  await new Promise<void>(resolve => {
    port1.onmessage = () => resolve();
    port2.postMessage(null);
  });
  port1.close();
}
