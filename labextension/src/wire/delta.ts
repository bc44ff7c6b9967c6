/** What changed from one text to another, in few and cheap steps. */

import { align, type IHunk } from './alignment';
import { utf8Length } from './utf8';

/** At byte `at` of the base, `removed` bytes are replaced by `inserted`. */
export type Edit = [at: number, removed: number, inserted: string];

// An event in pieces may have so many.
const MAX_EDITS = 200;
// Both texts together; with so many parts and edits, a comparison takes two or three milliseconds.
const MAX_PARTS = 3_000;
const SHORT = 48;
// An edit costs about so many characters by itself.
const EDIT_COST = 12;

/** The edits that make `text` of `base`. They ascend, do not overlap, and cut no character. */
export function editsOf(base: string, text: string): Edit[] {
  const whole = trimmed(base, text, { from: 0, to: base.length, fromNew: 0, toNew: text.length });
  return inBytes(base, text, split(base, text, whole) ?? [whole]);
}

/** A change without what is alike at its ends. */
function trimmed(base: string, text: string, change: IHunk): IHunk {
  let { from, to, fromNew, toNew } = change;
  while (from < to && fromNew < toNew && base[from] === text[fromNew]) {
    from += 1;
    fromNew += 1;
  }
  if (from > change.from && isHigh(base, from - 1)) {
    from -= 1;
    fromNew -= 1;
  }
  while (from < to && fromNew < toNew && base[to - 1] === text[toNew - 1]) {
    to -= 1;
    toNew -= 1;
  }
  if (to < change.to && isLow(base, to)) {
    to += 1;
    toNew += 1;
  }
  return { from, to, fromNew, toNew };
}

/** Whether a character of two units begins at `at`. */
function isHigh(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xd800;
}

function isLow(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00;
}

/** A change in its parts, in UTF-16 units as it is; null where that is not worth the time. */
function split(base: string, text: string, whole: IHunk): IHunk[] | null {
  const [old, now] = [base.slice(whole.from, whole.to), text.slice(whole.fromNew, whole.toNew)];
  const parts = old.length < SHORT || now.length < SHORT ? null : partsOf(old, now);
  const hunks = parts && align(parts.old, parts.now, MAX_EDITS);
  if (!hunks) {
    return null;
  }
  const [starts, startsNew] = [startsOf(parts.old, whole.from), startsOf(parts.now, whole.fromNew)];
  const changes: IHunk[] = [];
  hunks.forEach(({ from, to, fromNew, toNew }) => {
    const [first, end] = [starts[from], starts[to]];
    const change = { from: first, to: end, fromNew: startsNew[fromNew], toNew: startsNew[toNew] };
    append(changes, trimmed(base, text, change));
  });
  return changes;
}

/** Both texts in parts: after each comma and line end, or in lines, or null if they are too many. */
function partsOf(old: string, now: string): { old: string[]; now: string[] } | null {
  for (const part of [/.*?(?:\\n|,|$)/gs, /.*?(?:\\n|$)/gs]) {
    const parts = { old: old.match(part) ?? [], now: now.match(part) ?? [] };
    if (parts.old.length + parts.now.length <= MAX_PARTS) {
      return parts;
    }
  }
  return null;
}

/** Where each part starts, and where the last one ends. */
function startsOf(parts: readonly string[], first: number): number[] {
  const starts = [first];
  parts.forEach(part => starts.push(starts[starts.length - 1] + part.length));
  return starts;
}

/** Add a change; one that follows closely on the last goes with it. */
function append(changes: IHunk[], change: IHunk): void {
  const last = changes.at(-1);
  if (last !== undefined && change.from - last.to < EDIT_COST) {
    last.to = change.to;
    last.toNew = change.toNew;
  } else {
    changes.push(change);
  }
}

function inBytes(base: string, text: string, changes: readonly IHunk[]): Edit[] {
  let [unit, byte] = [0, 0];
  return changes.map(({ from, to, fromNew, toNew }) => {
    const at = byte + utf8Length(base.slice(unit, from));
    const removed = utf8Length(base.slice(from, to));
    [unit, byte] = [to, at + removed];
    return [at, removed, text.slice(fromNew, toNew)];
  });
}
