/** Text as it fits into an event. */

import { utf8Length } from './wire/utf8';

/** A text and, where it was cut, how long it was. */
export interface IClipped {
  text: string;
  bytes: number;
  originalLength: number | null;
}

// The control characters that JSON writes with two bytes: \b \t \n \f \r.
const SHORT_ESCAPES = new Set([8, 9, 10, 12, 13]);

/**
 * The longest start of `text` that takes at most `maxBytes` as a JSON string in UTF-8.
 *
 * `bytes` is what it takes, without the quotes. Half a surrogate pair, which no UTF-8 can hold,
 * stands in JSON as its escape.
 */
export function clip(text: string, maxBytes: number): IClipped {
  // No unit takes less than a byte.
  if (text.length <= maxBytes) {
    const bytes = jsonBytes(text);
    if (bytes <= maxBytes) {
      return { text, bytes, originalLength: null };
    }
  }
  return cut(text, maxBytes);
}

/** What `text` takes as a JSON string in UTF-8, without the quotes, counted by the engine itself. */
function jsonBytes(text: string): number {
  return utf8Length(JSON.stringify(text)) - 2;
}

function cut(text: string, maxBytes: number): IClipped {
  let bytes = 0;
  let index = 0;
  while (index < text.length) {
    const pair = isPair(text, index);
    const cost = pair ? 4 : unitBytes(text.charCodeAt(index));
    if (bytes + cost > maxBytes) {
      return { text: text.slice(0, index), bytes, originalLength: text.length };
    }
    bytes += cost;
    index += pair ? 2 : 1;
  }
  return { text, bytes, originalLength: null };
}

/** What a terminal shows after `\r` (go back to the start of the line), as progress bars use it. */
export function withoutOverwritten(text: string): string {
  return text.includes('\r') ? text.split('\n').map(overwrite).join('\n') : text;
}

function overwrite(line: string): string {
  const written = line.endsWith('\r') ? line.slice(0, -1) : line;
  const shown = written.split('\r').reduce((under, over) => over + under.slice(over.length));
  return line.endsWith('\r') ? `${shown}\r` : shown;
}

function isPair(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  const next = text.charCodeAt(index + 1);
  return unit >= 0xd800 && unit <= 0xdbff && next >= 0xdc00 && next <= 0xdfff;
}

function unitBytes(unit: number): number {
  if (unit < 0x20) {
    return SHORT_ESCAPES.has(unit) ? 2 : 6;
  }
  if (unit < 0x80) {
    return unit === 0x22 || unit === 0x5c ? 2 : 1;
  }
  const isHalf = (unit & 0xf800) === 0xd800;
  return isHalf ? 6 : unit < 0x800 ? 2 : 3;
}
