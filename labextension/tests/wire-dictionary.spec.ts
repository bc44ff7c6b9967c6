/** @jest-environment node */
import { gunzipSync } from 'node:zlib';

import examples from '../../tests/contract/dictionaries.json';
import { Chain } from '../src/wire/chain';
import { dictionaryAfter, type IDictionary, tagOf, withoutMedia } from '../src/wire/dictionary';
import { WireEncoder } from '../src/wire/encoder';
import { pack } from '../src/wire/pack';
import { Reach } from '../src/wire/reach';
import { opened, Opener } from './fakes/opening';
import { edited, pick, randomText, seeded } from './fakes/random';
import { makeEvent } from './fakes/sending';

const NOW = new Date('2026-04-01T09:00:00.000Z');
const bytesOf = (base64: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(base64, 'base64'));

/** While `work` runs, the browser has no means of its own to compress and to hash. */
async function withoutMeans<T>(work: () => Promise<T>): Promise<T> {
  const { CompressionStream, crypto } = globalThis;
  Object.assign(globalThis, { CompressionStream: undefined });
  Object.defineProperty(globalThis, 'crypto', { value: undefined, configurable: true });
  try {
    return await work();
  } finally {
    Object.assign(globalThis, { CompressionStream });
    Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true });
  }
}

describe('The examples that the service reads too', () => {
  const dictionaryOf = async ({
    dictionary_base64
  }: (typeof examples)[0]): Promise<IDictionary> => {
    const bytes = bytesOf(dictionary_base64);
    return { bytes, tag: await tagOf(bytes), reach: new Reach() };
  };

  it.each(examples)('are packed so, and opened again: $name', async example => {
    const dictionary = await dictionaryOf(example);
    const { body, headers } = await pack(example.text, dictionary);
    expect(headers['Content-Encoding']).toBe('dictionary-deflate');
    expect(Buffer.from(body).toString('base64')).toBe(example.body_base64);
    expect(opened(Buffer.from(body), Buffer.from(dictionary.bytes)).toString()).toBe(example.text);
  });

  it.each(examples)('have the next dictionary that the service has: $name', async example => {
    const dictionary = await dictionaryOf(example);
    const after = await dictionaryAfter(dictionary, example.text, new Reach());
    expect(Buffer.from(after.bytes).toString('base64')).toBe(example.after_base64);
    expect(Buffer.from(after.tag).toString('hex')).toBe(example.after_tag);
  });

  it.each(examples)('are the same without https and compression: $name', async example => {
    const made = await withoutMeans(async () => pack(example.text, await dictionaryOf(example)));
    expect(Buffer.from(made.body).toString('base64')).toBe(example.body_base64);
  });
});

describe('A dictionary', () => {
  const after = async (last: IDictionary | null, text: string): Promise<string> =>
    Buffer.from((await dictionaryAfter(last, text, new Reach())).bytes).toString();

  it.each([32_767, 32_768, 32_769, 100_000])('is the end of all texts: %d', async length => {
    const text = 'ab, '.repeat(length).slice(0, length);
    const first = await dictionaryAfter(null, 'before', new Reach());
    expect(await after(first, text)).toBe(`before${text}`.slice(-32_768));
  });

  it('keeps what stands around an image', () => {
    const image = 'iVBORw0KGgo'.repeat(40);
    const text = `{"code": "x", "image/png": "${image}\\n${image}=", "seq": 1}`;
    expect(withoutMedia(text)).toBe('{"code": "x", "image/png": "", "seq": 1}');
    expect(withoutMedia(image)).toBe('');
  });

  it('is made of a large text in a few milliseconds', () => {
    const texts = ['A', `${'A'.repeat(255)} `, `${'='.repeat(256)} `];
    for (const part of texts) {
      const text = part.repeat(1_000_000 / part.length);
      const times = Array.from({ length: 5 }, () => {
        const start = performance.now();
        withoutMedia(text);
        return performance.now() - start;
      });
      // The best of five, and ten times what it takes: the computer may be busy.
      expect(Math.min(...times)).toBeLessThan(200);
    }
  });
});

describe('What is within reach', () => {
  it('ends after 30,000 characters', () => {
    const reach = new Reach();
    reach.add(100, ['a', 'b']);
    reach.add(29_899, ['a']);
    expect([reach.has('a'), reach.has('b')]).toEqual([true, true]);
    reach.add(101, []);
    expect([reach.has('a'), reach.has('b')]).toEqual([true, false]);
  });

  it('of a batch is not that of the one before', () => {
    const before = new Reach();
    before.add(1, ['a']);
    const batch = before.copy();
    batch.add(30_000, ['b']);
    expect([before.has('a'), before.has('b')]).toEqual([true, false]);
    expect([batch.has('a'), batch.has('b')]).toEqual([false, true]);
  });
});

describe('Code', () => {
  const random = seeded(7);
  const noise = (length: number): string =>
    Array.from({ length: length / 10 }, () => random().toString(36).slice(2, 12)).join(' ');
  let encoder: WireEncoder;
  let chain: Chain;

  beforeEach(() => {
    encoder = new WireEncoder();
    chain = new Chain();
  });

  /** Send one event with this code, and how it travelled. */
  const send = async (id: number, code: string): Promise<boolean> => {
    const body = JSON.stringify(makeEvent(id, code));
    const encoded = await encoder.encode([body], NOW, undefined, chain.dictionary?.reach);
    await chain.goOn(await pack(encoded.text, chain.dictionary), encoded.reach);
    encoder.learn(encoded, 0);
    return encoded.isReduced[0];
  };

  it('goes as text while it is within reach, and as its hash or edits when it is not', async () => {
    const code = noise(2_000);
    expect(await send(1, code)).toBe(false);
    expect(await send(2, code)).toBe(false);
    expect(await send(3, `${code}#`)).toBe(false);
    await send(4, noise(20_000));
    await send(5, noise(20_000));
    expect(await send(6, `${code}#`)).toBe(true);
    expect(await send(7, `${code}##`)).toBe(true);
  });

  it('is out of reach of the next batch until its own is acknowledged', async () => {
    const reach = new Reach();
    const code = noise(200);
    const encoded = await encoder.encode(
      [JSON.stringify(makeEvent(1, code))],
      NOW,
      undefined,
      reach
    );
    expect(reach.has(JSON.stringify(code))).toBe(false);
    expect(encoded.reach.has(JSON.stringify(code))).toBe(true);
  });

  it('goes as its hash where it holds an image, which no dictionary keeps', async () => {
    const image = noise(9_000).replaceAll(' ', '');
    expect(await send(1, image)).toBe(false);
    expect(await send(2, image)).toBe(true);
  });

  it('goes as its hash where it is so long that even a reference to it is longer', async () => {
    const code = noise(25_000);
    expect(await send(1, code)).toBe(false);
    expect(await send(2, code)).toBe(true);
  });
});

describe('A chain of batches', () => {
  const gzipOf = async (text: string): Promise<string | undefined> =>
    (await pack(text, null)).headers['Content-Encoding'];

  it('is read batch after batch, whatever is lost, repeated or large', async () => {
    const random = seeded(8);
    const service = new Opener();
    const chain = new Chain();
    let text = randomText(random, 100);
    const encodings = new Set<string>();
    for (let round = 0; round < 80; round++) {
      text = pick(random, [edited(random, text), text, randomText(random, 50)]);
      const large = pick(random, ['', '', 'A'.repeat(300), text.repeat(400).slice(0, 90_000)]);
      const sent = JSON.stringify([text, large]);
      const packed = await pack(sent, chain.dictionary);
      const encoding = packed.headers['Content-Encoding'];
      expect(service.open(Buffer.from(packed.body), encoding)).toBe(sent);
      encodings.add(encoding);
      if (random() < 0.7) {
        await chain.goOn(packed, new Reach());
      }
    }
    expect([...encodings]).toEqual(['gzip', 'dictionary-deflate']);
  });

  it('goes on over a batch of more than 64 KiB', async () => {
    const chain = new Chain();
    const service = new Opener();
    const texts = ['small, first', `${'large '.repeat(20_000)}and its end`, 'large and its end'];
    const sizes = [];
    for (const text of texts) {
      const packed = await pack(text, chain.dictionary);
      expect(service.open(Buffer.from(packed.body), packed.headers['Content-Encoding'])).toBe(text);
      await chain.goOn(packed, new Reach());
      sizes.push(packed.body.length);
    }
    expect(sizes[1]).toBeLessThan(1_000);
    expect(sizes[2]).toBeLessThan(20);
  });

  it('begins anew with such a batch where the browser cannot compress by itself', async () => {
    const dictionary = await dictionaryAfter(null, 'first', new Reach());
    const text = 'large '.repeat(20_000);
    const packed = await withoutMeans(() => pack(text, dictionary));
    expect(packed.headers['Content-Encoding']).toBeUndefined();
    expect(packed.dictionary).toBeNull();
    expect(Buffer.from(packed.body).toString()).toBe(text);
  });

  it('is gzip where there is nothing to refer to', async () => {
    expect(await gzipOf('first')).toBe('gzip');
    const { body } = await pack('日本語 👩🏽‍💻', null);
    expect(gunzipSync(body).toString()).toBe('日本語 👩🏽‍💻');
  });

  it('ends for good with the second refusal in a row', async () => {
    const chain = new Chain();
    const goOn = async (): Promise<void> =>
      chain.goOn(await pack('text', chain.dictionary), new Reach());
    await goOn();
    chain.refuse();
    expect(chain.dictionary).toBeNull();
    await goOn();
    await goOn();
    chain.refuse();
    await goOn();
    expect(chain.dictionary).not.toBeNull();
    chain.refuse();
    await goOn();
    expect(chain.dictionary).toBeNull();
  });
});
