/** The half of pako that compresses; its own types are for the whole of it. */
declare module 'pako/lib/deflate.js' {
  /** A DEFLATE stream (RFC 1951) that may refer to a dictionary. */
  export function deflateRaw(
    data: Uint8Array<ArrayBuffer>,
    options: { level: number; dictionary: Uint8Array<ArrayBuffer> }
  ): Uint8Array<ArrayBuffer>;
}
