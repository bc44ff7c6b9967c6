import { createHash } from 'node:crypto';
import { gunzipSync, inflateRawSync } from 'node:zlib';

const TAG_BYTES = 4;
const tagOf = (bytes: Buffer): Buffer =>
  createHash('sha256').update(bytes).digest().subarray(0, TAG_BYTES);

/** The service's side of compression: knows dictionaries, and asks for what it does not know. */
export class Opener {
  readonly known = new Map<string, Buffer>();

  /** The text of a body; null where it refers to what is not known. */
  open(body: Buffer, encoding: string | null): string | null {
    if (encoding !== 'dictionary-deflate') {
      return this._learn(Buffer.alloc(0), encoding === 'gzip' ? gunzipSync(body) : body);
    }
    const dictionary = this.known.get(body.toString('hex', 0, TAG_BYTES));
    return dictionary === undefined ? null : this._learn(dictionary, opened(body, dictionary));
  }

  private _learn(dictionary: Buffer, text: Buffer): string {
    // Each byte is a letter of its own here.
    const lean = text.toString('latin1').replace(/[\w+/=\\]+/g, run => runOf(run));
    const all = Buffer.concat([dictionary, Buffer.from(lean, 'latin1')]);
    const after = all.subarray(Math.max(0, all.length - 32_768));
    this.known.set(tagOf(after).toString('hex'), after);
    return text.toString();
  }
}

/** A run of letters that may hold `_`, without those of its parts that are long base64. */
const runOf = (run: string): string =>
  run
    .split('_')
    .map(part => (part.length < 256 ? part : ''))
    .join('_');

/** The text of a body with a dictionary; it throws where the text is not what was sent. */
export function opened(body: Buffer, dictionary: Buffer): Buffer {
  const deflated = body.subarray(2 * TAG_BYTES);
  // Node's types do not know what `info` asks for.
  const { buffer: text, engine } = inflateRawSync(deflated, {
    dictionary,
    info: true
  }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
  expect(engine.bytesWritten).toBe(deflated.length);
  expect(body.subarray(0, TAG_BYTES)).toEqual(tagOf(dictionary));
  expect(body.subarray(TAG_BYTES, 2 * TAG_BYTES)).toEqual(tagOf(text));
  return text;
}
