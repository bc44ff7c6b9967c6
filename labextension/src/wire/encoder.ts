/**
 * Batches of events as they travel: content that the service has goes as its hash.
 *
 * It knows no browser: `benchmarks/` runs it too.
 */

import { Contents, hashOf } from './contents';
import { withoutMedia } from './dictionary';
import { type IPlan, type Piece, plan } from './plan';
import { Reach } from './reach';
import { sha256Hex, utf8Length } from './utf8';

/** A batch on its way. `isReduced` says of each event whether it goes in pieces. */
export interface IEncoded {
  text: string;
  isReduced: boolean[];
  plans: readonly IPlan[];
  /** What the compression can refer to after it. */
  reach: Reach;
}

export interface IEncoderOptions {
  /** How much content is remembered, in UTF-8 bytes. */
  maxBytes?: number;
  useDeltas?: boolean;
}

const MAX_BYTES = 4 * 1024 * 1024;
// The longest that the page's other work waits.
const SLICE_MS = 4;

/** Encodes the batches of one sender, one after the other. */
export class WireEncoder {
  constructor({ maxBytes = MAX_BYTES, useDeltas = true }: IEncoderOptions = {}) {
    this._maxBytes = maxBytes;
    this._known = new Contents(maxBytes);
    this._useDeltas = useDeltas;
  }

  /**
   * Encode bodies; those that `isWhole` names by their place go as they are. `reach` is what the
   * compression can refer to before them.
   */
  async encode(
    bodies: readonly string[],
    sentAt: Date,
    isWhole: (index: number) => boolean = () => false,
    reach: Reach = new Reach()
  ): Promise<IEncoded> {
    const batch = new Batch(this._known, this._useDeltas, reach.copy());
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
      batch.add(chosen, texts[index]);
      if (performance.now() > until) {
        await pause();
        until = performance.now() + SLICE_MS;
      }
    }
    const isReduced = plans.map(({ pieces }) => pieces !== null);
    const text = envelopeOf(texts, sentAt.toISOString());
    return { text, isReduced, plans, reach: batch.reach };
  }

  /** The service has stored an event of a batch: its contents may be referred to. */
  learn({ plans }: IEncoded, index: number): void {
    plans[index].contents.forEach(content => this._known.add(content));
  }

  /** The service does not know what an event of a batch, or its session, refers to. */
  forget({ plans }: IEncoded, index: number): void {
    this._known.forget(plans[index].sessionId);
  }

  /** The service has begun anew: it knows nothing. */
  forgetAll(): void {
    this._known = new Contents(this._maxBytes);
  }

  private _known: Contents;
  private readonly _maxBytes: number;
  private readonly _useDeltas: boolean;
}

/** `sentAt`: when the batch is sent, by this computer's clock (RFC 3339). */
function envelopeOf(events: readonly string[], sentAt: string): string {
  return `{"events":[${events.join(',')}],"sent_at":"${sentAt}","contents":true}`;
}

/** What stands in one batch so far. */
class Batch {
  constructor(
    private readonly _known: Contents,
    private readonly _useDeltas: boolean,
    readonly reach: Reach
  ) {}

  plan(body: string, mayReduce: boolean): IPlan {
    return plan(body, mayReduce, {
      known: this._known,
      offered: this._offered,
      isNear: text => this.reach.has(text),
      useDeltas: this._useDeltas
    });
  }

  /** An event is added, as it travels. */
  add({ contents, pieces }: IPlan, text: string): void {
    const referred = new Set(pieces?.map(piece => ('text' in piece ? null : piece.content.text)));
    contents.forEach(content => this._offered.add(content));
    const inFull = contents.map(content => content.text).filter(each => !referred.has(each));
    const lean = inFull.filter(each => withoutMedia(each).length === each.length);
    this.reach.add(withoutMedia(text).length, lean);
  }

  private readonly _offered = new Contents(Infinity);
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
