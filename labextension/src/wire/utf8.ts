/** UTF-8 sizes and hashes of texts. */

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

const encoder = new TextEncoder();
const scratch = new Uint8Array(16 * 1024);
// Below it a call of the engine's own code costs more than it saves.
const SHORT = 256;

/** How many bytes a well-formed text takes in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = 0;
  let rest = text;
  while (rest.length > SHORT) {
    const { read, written } = encoder.encodeInto(rest, scratch);
    bytes += written;
    rest = rest.slice(read);
  }
  return bytes + shortLength(rest);
}

function shortLength(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= 0x80) {
      // Each half of a pair counts for two of its four bytes.
      bytes += unit < 0x800 || (unit & 0xf800) === 0xd800 ? 1 : 2;
    }
  }
  return bytes;
}

/** The SHA-256 of a text's UTF-8 in hex. */
export async function sha256Hex(text: string): Promise<string> {
  return bytesToHex(await sha256Of(encoder.encode(text)));
}

/** The same without waiting; it takes the page's own time. */
export function sha256HexNow(text: string): string {
  return bytesToHex(sha256(encoder.encode(text)));
}

/** The SHA-256 of bytes; by the browser's own means where it has any: on https only. */
export async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const { subtle } = globalThis.crypto ?? {};
  return subtle === undefined
    ? sha256(bytes)
    : new Uint8Array(await subtle.digest('SHA-256', bytes));
}
