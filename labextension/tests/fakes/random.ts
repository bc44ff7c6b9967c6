/** Numbers that look random and come again with the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const SNIPPETS = [
  'x = 1\n',
  'print("合計", x)\n',
  'for i in range(10):\n    print(i, i ** 2)\n',
  '# 説明：ここを直す\n',
  '😀😁',
  '\u0000\\"',
  '\ud83d',
  '\ude00',
  'a, b, c',
  '\\n',
  'def f(n):\n    return [i * i for i in range(1, n + 1)]\n'
];

/** A text of so many snippets. */
export function randomText(random: () => number, snippets: number): string {
  return Array.from({ length: snippets }, () => pick(random, SNIPPETS)).join('');
}

export function pick<T>(random: () => number, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)];
}

/** A text with a few changes, anywhere: also in the middle of a character. */
export function edited(random: () => number, text: string): string {
  let changed = text;
  for (let left = 1 + Math.floor(random() * 4); left > 0; left--) {
    const at = Math.floor(random() * (changed.length + 1));
    const removed = Math.floor(random() * random() * 60);
    changed = changed.slice(0, at) + randomText(random, 2 * random()) + changed.slice(at + removed);
  }
  return changed;
}
