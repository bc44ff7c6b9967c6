/** Sets of numbers as sorted, inclusive ranges that neither touch nor overlap. */

export type Range = [first: number, last: number];

/** `ranges` with the numbers from `first` to `last`. */
export function withRange(ranges: readonly Range[], first: number, last: number): Range[] {
  const before = ranges.filter(range => range[1] < first - 1);
  const after = ranges.filter(range => range[0] > last + 1);
  const touched = ranges.slice(before.length, ranges.length - after.length);
  const merged: Range = [
    Math.min(first, ...touched.map(range => range[0])),
    Math.max(last, ...touched.map(range => range[1]))
  ];
  return [...before, merged, ...after];
}

/** How many numbers they hold. */
export function sizeOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}
