/** @jest-environment node */
import type { AnyEvent } from '../src/contract';
import { Contents } from '../src/wire/contents';
import { editsOf } from '../src/wire/delta';
import { type IEncoded, WireEncoder } from '../src/wire/encoder';
import { membersOf } from '../src/wire/members';
import { Reach } from '../src/wire/reach';
import { sha256Hex, utf8Length } from '../src/wire/utf8';
import { edited, pick, randomText, seeded } from './fakes/random';
import { applied, Restorer } from './fakes/restoring';
import { makeEnd, makeEvent } from './fakes/sending';

const NOW = new Date('2026-04-01T09:00:00.000Z');
const CODE = Array.from({ length: 60 }, (_, line) => `row_${line} = work(${line * 7919})\n`).join(
  ''
);
const ROUNDS = 300;

const bodyOf = (event: Partial<AnyEvent> | object): string => JSON.stringify(event);
const wholeText = ({ plans }: IEncoded): string => plans.map(({ body }) => body).join();
const learnAll = (encoder: WireEncoder, encoded: IEncoded): void =>
  encoded.plans.forEach((_, index) => encoder.learn(encoded, index));

describe('The members of a body', () => {
  it('are found where JSON says they are, whatever the texts hold', () => {
    const random = seeded(1);
    for (let round = 0; round < ROUNDS; round++) {
      const value = (): unknown =>
        pick(random, [
          randomText(random, 3),
          -1.5e-7,
          null,
          true,
          [randomText(random, 1), { '}': ['"', {}] }],
          { a: { b: [randomText(random, 2)] } }
        ]);
      const entries = [0, 1, 2].map(at => [randomText(random, 1) + at, value()]);
      const object = Object.fromEntries(entries) as object;
      const space = pick(random, [0, 1, '\t']);
      const text = JSON.stringify(object, null, space);
      const found = membersOf(text).map(({ name, start, end }) => [name, text.slice(start, end)]);
      expect(found.map(([name, part]) => [name, JSON.parse(part)])).toEqual(Object.entries(object));
      expect(found.every(([, part]) => part === part.trim())).toBe(true);
    }
  });

  it.each(['', '[]', '"a"', '{}'])('are none in %s', text => {
    expect(membersOf(text)).toEqual([]);
  });
});

describe('A delta', () => {
  const check = (base: string, text: string): number => {
    const edits = editsOf(base, text);
    expect(applied(Buffer.from(base), edits).toString()).toBe(text);
    return edits.length;
  };

  it('gives back the text byte for byte after any edits', () => {
    const random = seeded(2);
    for (let round = 0; round < ROUNDS; round++) {
      const base = randomText(random, 40);
      check(JSON.stringify(base), JSON.stringify(edited(random, base)));
      check(JSON.stringify(base), JSON.stringify(randomText(random, 40)));
    }
  });

  it.each([
    ['', 'a'],
    ['a', ''],
    ['aaa', 'aaaa'],
    ['😀', '😁'],
    ['😀😀', '😀'],
    ['é', 'è'],
    ['a😀b', 'a😁b'],
    ['a\u{1f600}b', 'a\u{1fa00}b']
  ])('makes %j into %j', (base, text) => {
    check(base, text);
  });

  it('names two changes far apart by themselves', () => {
    const base = JSON.stringify(CODE);
    const text = base.replace('row_3 =', 'third =').replace('row_50 =', 'fiftieth =');
    expect(check(base, text)).toBe(2);
    expect(editsOf(base, text).reduce((sum, edit) => sum + edit[2].length, 0)).toBeLessThan(40);
  });

  it('has at most 200 edits', () => {
    const base = Array.from({ length: 300 }, (_, at) => `${'x'.repeat(20)}${at},`).join('');
    const few = base.replace(/x(\d?[02468]),/g, 'y$1,');
    expect(check(base, few)).toBe(50);
    expect(check(base, base.replaceAll(',', ';,'))).toBe(1);
  });

  it('takes a few milliseconds even for long texts that have nothing in common', () => {
    const words = (seed: number): string => {
      const random = seeded(seed);
      return Array.from({ length: 1_400 }, () => random().toString(36).slice(2, 6)).join();
    };
    const [one, other] = [words(3), words(4)];
    const times = Array.from({ length: 5 }, () => {
      const start = performance.now();
      editsOf(one, other);
      return performance.now() - start;
    });
    // The best of five, and fifty times what it takes: the computer may be busy.
    expect(Math.min(...times)).toBeLessThan(200);
  });
});

describe('UTF-8', () => {
  it('lengths are those of the bytes', () => {
    const random = seeded(4);
    for (let round = 0; round < ROUNDS; round++) {
      const text = JSON.stringify(randomText(random, 5));
      expect(utf8Length(text)).toBe(Buffer.byteLength(text));
    }
  });

  it('hashes are the same where the browser has none of its own', async () => {
    const { crypto } = globalThis;
    const own = await sha256Hex('日本語');
    Object.defineProperty(globalThis, 'crypto', { value: undefined, configurable: true });
    const other = await sha256Hex('日本語');
    Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true });
    expect(own).toMatch(/^[0-9a-f]{64}$/);
    expect(other).toBe(own);
  });
});

describe('What the service is believed to know', () => {
  const content = (role: string, text: string) => ({ sessionId: 's', role, text, bytes: 10 });

  it('stays within its bytes, and what was used last stays longest', () => {
    const contents = new Contents(30);
    ['a', 'b', 'c'].forEach(text => contents.add(content('code:1', text)));
    const a = contents.find('s', 'a');
    expect(a).toBeDefined();
    contents.touch(a ?? content('', ''));
    contents.add(content('code:2', 'd'));
    expect(['a', 'b', 'c', 'd'].map(text => contents.find('s', text) !== undefined)).toEqual([
      true,
      false,
      true,
      true
    ]);
  });

  it('counts a content once, in however many places it stands', () => {
    const contents = new Contents(30);
    [1, 2, 3, 4].forEach(cell => contents.add(content(`code:${cell}`, 'a')));
    contents.add(content('code:5', 'b'));
    expect(contents.find('s', 'a')).toBeDefined();
    expect(contents.last('s', 'code:2')?.text).toBe('a');
  });

  it('is nothing any more of a session that is forgotten', () => {
    const contents = new Contents(10);
    contents.add(content('code:1', 'a'));
    contents.forget('s');
    expect([contents.find('s', 'a'), contents.last('s', 'code:1')]).toEqual([undefined, undefined]);
    contents.add(content('code:1', 'b'));
    expect(contents.find('s', 'b')).toBeDefined();
  });
});

describe('A batch', () => {
  let encoder: WireEncoder;
  let service: Restorer;

  beforeEach(() => {
    encoder = new WireEncoder();
    service = new Restorer();
  });

  it('comes back byte for byte, whatever is edited, known, lost or forgotten', async () => {
    const random = seeded(5);
    let codes = Array.from({ length: 4 }, () => randomText(random, 60));
    let [seq, reduced] = [0, 0];
    let reach = new Reach();
    for (let round = 0; round < 60; round++) {
      const bodies = Array.from({ length: 1 + Math.floor(random() * 6) }, () => {
        const cell = Math.floor(random() * codes.length);
        codes = codes.map((code, at) =>
          at === cell && random() < 0.6 ? edited(random, code) : code
        );
        const run = { ...makeEvent(++seq, codes[cell]), cell_id: `cell-${cell}` };
        const end = { ...run, event_type: 'cell_execution_complete', output: [codes[cell]] };
        return bodyOf({ ...pick(random, [run, end]), session_id: pick(random, ['s-1', 's-2']) });
      });
      const encoded = await encoder.encode(bodies, NOW, undefined, reach);
      reach = pick(random, [reach, encoded.reach, new Reach()]);
      reduced += encoded.isReduced.filter(Boolean).length;
      expect(service.restore(encoded.text)).toEqual(bodies);
      expect(utf8Length(encoded.text)).toBeLessThan(utf8Length(wholeText(encoded)) + 100);
      encoded.plans.forEach((_, index) => random() < 0.8 && encoder.learn(encoded, index));
      if (random() < 0.1) {
        encoder.forget(encoded, 0);
      }
    }
    expect(reduced).toBeGreaterThan(50);
  });

  it('sends code once: as its hash when it comes again, as a delta when it was edited', async () => {
    const first = await encoder.encode([bodyOf(makeEvent(1, CODE))], NOW);
    expect(first.isReduced).toEqual([false]);
    learnAll(encoder, first);
    service.restore(first.text);
    const codes = [CODE, CODE.replace('7919', '8000'), CODE];
    const again = codes.map((code, id) => bodyOf(makeEvent(id, code)));
    const second = await encoder.encode(again, NOW);
    expect(second.isReduced).toEqual([true, true, true]);
    expect(second.text.length).toBeLessThan(wholeText(second).length / 2);
    expect(service.restore(second.text)).toEqual(again);
  });

  it('refers to nothing that the service has not stored', async () => {
    await encoder.encode([bodyOf(makeEvent(1, CODE))], NOW);
    const second = await encoder.encode([bodyOf(makeEvent(2, CODE))], NOW);
    expect(second.isReduced).toEqual([false]);
  });

  it('refers to nothing of another session', async () => {
    learnAll(encoder, await encoder.encode([bodyOf(makeEvent(1, CODE))], NOW));
    const other = bodyOf({ ...makeEvent(2, CODE), session_id: 'session-2' });
    expect((await encoder.encode([other], NOW)).isReduced).toEqual([false]);
  });

  it('refers to what stands earlier in it, where gzip cannot reach so far', async () => {
    const random = seeded(6);
    const noise = (length: number): string =>
      Array.from({ length: length / 10 }, () => random().toString(36).slice(2, 12)).join('');
    const code = noise(4_000);
    const bodies = [
      bodyOf(makeEvent(1, code)),
      bodyOf({ ...makeEvent(2, noise(40_000)), cell_id: 'cell-2' }),
      bodyOf(makeEvent(3, code))
    ];
    const encoded = await encoder.encode(bodies, NOW);
    expect(encoded.isReduced).toEqual([false, false, true]);
    expect(service.restore(encoded.text)).toEqual(bodies);
  });

  it('sends an event whole where that is asked for', async () => {
    learnAll(encoder, await encoder.encode([bodyOf(makeEvent(1, CODE))], NOW));
    const bodies = [2, 3].map(id => bodyOf(makeEvent(id, CODE)));
    const encoded = await encoder.encode(bodies, NOW, index => index === 0);
    expect(encoded.isReduced[0]).toBe(false);
    expect(encoded.text).toContain(bodies[0]);
  });

  it('sends a short event whole, for a hash is longer', async () => {
    learnAll(encoder, await encoder.encode([bodyOf(makeEvent(1))], NOW));
    expect((await encoder.encode([bodyOf(makeEvent(2))], NOW)).isReduced).toEqual([false]);
  });

  it('knows no more pieces than an event may have', async () => {
    const wide = (id: number): string => {
      const fields = Array.from({ length: 90 }, (_, at) => [`f${at}`, CODE + at]);
      return bodyOf({ ...makeEnd(id, 'run-1'), ...(Object.fromEntries(fields) as object) });
    };
    const first = await encoder.encode([wide(1)], NOW);
    learnAll(encoder, first);
    service.restore(first.text);
    const second = await encoder.encode([wide(2)], NOW);
    expect(second.isReduced).toEqual([true]);
    expect(service.restore(second.text)).toEqual([wide(2)]);
  });
});
