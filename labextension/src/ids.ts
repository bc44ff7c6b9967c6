/** The ids of one page: UUIDv7s with the time, a counter, and what is random in one part. */

import { v7 as uuidv7 } from 'uuid';

/**
 * A source of ids. RFC 9562 (6.2, method 1) allows the counter; that two ids of a page differ in
 * a few digits only spares bytes in each event that is sent.
 */
export function idSource(
  random: Uint8Array = crypto.getRandomValues(new Uint8Array(20))
): () => string {
  const [tail, first] = [random.subarray(0, 16), random.subarray(16)];
  // Half of the counter's range is left.
  let seq = new DataView(first.buffer, first.byteOffset).getUint32(0) >>> 1;
  return () => {
    seq += 1;
    return uuidv7({ random: tail, seq, msecs: Date.now() });
  };
}
