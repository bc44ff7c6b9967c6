/** Which parts two lists have in common (E. W. Myers, "An O(ND) Difference Algorithm", 1986). */

/** Parts `from` to `to` of the old list became `fromNew` to `toNew` of the new one. */
export interface IHunk {
  from: number;
  to: number;
  fromNew: number;
  toNew: number;
}

/**
 * The fewest removed and added parts that lead from `old` to `now`, or null if they are more than
 * `maxSteps`. It takes about (parts + maxSteps) × maxSteps comparisons at most.
 */
export function align(
  old: readonly string[],
  now: readonly string[],
  maxSteps: number
): IHunk[] | null {
  const ids = new Map<string, number>();
  const idOf = (part: string): number => {
    const id = ids.get(part) ?? ids.size;
    ids.set(part, id);
    return id;
  };
  const trace = walk(old.map(idOf), now.map(idOf), maxSteps);
  return trace && hunksOf(trace, old.length, now.length);
}

/**
 * How far down each diagonal one comes with 0, 1, 2 … steps. Diagonal k holds the places where
 * the old list is k parts further; entry k + steps is how many old parts are behind.
 */
function walk(old: readonly number[], now: readonly number[], maxSteps: number) {
  const trace: Int32Array[] = [];
  for (let steps = 0; steps <= Math.min(maxSteps, old.length + now.length); steps++) {
    const last = trace.at(-1);
    const reached = new Int32Array(2 * steps + 1);
    trace.push(reached);
    for (let k = -steps; k <= steps; k += 2) {
      let x = last === undefined ? 0 : stepTo(last, steps, k);
      while (x < old.length && x - k < now.length && old[x] === now[x - k]) {
        x += 1;
      }
      reached[k + steps] = x;
      if (x >= old.length && x - k >= now.length) {
        return trace;
      }
    }
  }
  return null;
}

/** Where a step to diagonal k leads: a part is added (from k + 1) or removed (from k - 1). */
function stepTo(last: Int32Array, steps: number, k: number): number {
  const isAdded = comesByAdding(last, steps, k);
  return isAdded ? last[k + 1 + steps - 1] : last[k - 1 + steps - 1] + 1;
}

function comesByAdding(last: Int32Array, steps: number, k: number): boolean {
  return k === -steps || (k !== steps && last[k - 1 + steps - 1] < last[k + 1 + steps - 1]);
}

/** The way back from both ends. */
function hunksOf(trace: readonly Int32Array[], oldLength: number, nowLength: number): IHunk[] {
  const hunks: IHunk[] = [];
  let [x, k] = [oldLength, oldLength - nowLength];
  for (let steps = trace.length - 1; steps > 0; steps--) {
    const last = trace[steps - 1];
    const isAdded = comesByAdding(last, steps, k);
    const before = isAdded ? k + 1 : k - 1;
    x = last[before + steps - 1];
    const to = isAdded ? x : x + 1;
    const hunk = { from: x, to, fromNew: x - before, toNew: to - k };
    const next = hunks.at(-1);
    if (next !== undefined && next.from === hunk.to && next.fromNew === hunk.toNew) {
      next.from = hunk.from;
      next.fromNew = hunk.fromNew;
    } else {
      hunks.push(hunk);
    }
    k = before;
  }
  return hunks.reverse();
}
