/** The texts of the batches before, to which the compression of the next one may refer. */

import { Reach } from './reach';
import { sha256Of } from './utf8';

/** The last of what was sent and acknowledged. */
export interface IDictionary {
  bytes: Uint8Array<ArrayBuffer>;
  /** By which the service knows it. */
  tag: Uint8Array;
  /** The contents that stand in it. */
  reach: Reach;
}

/** How far back DEFLATE can refer. */
export const DICTIONARY_BYTES = 32_768;
/** A tag is so many bytes of a SHA-256. */
export const TAG_BYTES = 4;

/** The dictionary after a batch's text was acknowledged, which was sent with `last` or without. */
export async function dictionaryAfter(
  last: IDictionary | null,
  text: string,
  reach: Reach
): Promise<IDictionary> {
  const added = new TextEncoder().encode(withoutMedia(text));
  const before = last?.bytes.subarray(added.length - DICTIONARY_BYTES) ?? new Uint8Array();
  const all = new Uint8Array(before.length + added.length);
  all.set(before);
  all.set(added, before.length);
  const bytes = all.slice(-DICTIONARY_BYTES);
  return { bytes, tag: await tagOf(bytes), reach };
}

/** The first bytes of a SHA-256. */
export async function tagOf(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return (await sha256Of(bytes)).subarray(0, TAG_BYTES);
}

/**
 * A text without its images: long runs of base64, of which nothing comes again in part.
 *
 * They would push out all else. A run is matched with what stands before it, so that each is
 * looked at once.
 */
export function withoutMedia(text: string): string {
  return text.replace(/(^|[^A-Za-z0-9+/=\\])[A-Za-z0-9+/=\\]{256,}/g, '$1');
}
