/** The bytes of a batch: gzip where there is one, and the smaller of two ways. */

import { type IEncoded, wholeText } from './encoder';

/** A request's body and headers. `isReduced` says of each event whether it goes in pieces. */
export interface IPacked {
  body: Uint8Array<ArrayBuffer>;
  headers: Record<string, string>;
  isReduced: readonly boolean[];
}

// Above it a second compression costs more than it may save.
const MAX_COMPARED = 256 * 1024;
const JSON_TYPE = { 'Content-Type': 'application/json' };

/** Pack a batch: as it is encoded, or whole where that turns out to be smaller. */
export async function pack(encoded: IEncoded): Promise<IPacked> {
  const reduced = { ...(await packText(encoded.text)), isReduced: encoded.isReduced };
  if (!encoded.isReduced.includes(true) || encoded.text.length > MAX_COMPARED) {
    return reduced;
  }
  const whole = await packText(wholeText(encoded));
  return whole.body.byteLength <= reduced.body.byteLength
    ? { ...whole, isReduced: encoded.isReduced.map(() => false) }
    : reduced;
}

/** Compress a text, where the browser can. */
async function packText(text: string): Promise<Omit<IPacked, 'isReduced'>> {
  const plain = new TextEncoder().encode(text);
  if (typeof CompressionStream === 'undefined') {
    return { body: plain, headers: JSON_TYPE };
  }
  const stream = new Blob([plain]).stream().pipeThrough(new CompressionStream('gzip'));
  const body = new Uint8Array(await new Response(stream).arrayBuffer());
  return { body, headers: { ...JSON_TYPE, 'Content-Encoding': 'gzip' } };
}
