/** Text that somebody else wrote, made safe to read: nothing in it hides, reorders or moves. */

// CSI, then OSC and DCS/SOS/PM/APC with their ends, then the two- and three-character escapes. An
// unended one is no sequence: its ESC becomes visible, so that it cannot swallow what follows.
const ANSI =
  // eslint-disable-next-line no-control-regex
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[PX^_][^\u001b]*\u001b\\|\u001b[ -/]+[0-~]|\u001b[0-OQ-WYZ=>\\`-~]/g;

// Controls but tab and line feed, the bidirectional marks and overrides, annotation anchors and
// lone surrogates (with the flag u, a pair is one character and does not match).
const INVISIBLE =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff]/gu;

/** The text without terminal colours; they carry no meaning on this page. */
export function stripAnsi(text: string): string {
  return text.replace(ANSI, '');
}

/** Every character that would act instead of being seen, as its code point: `⟨U+202E⟩`. */
export function showInvisible(text: string): string {
  return text.replace(INVISIBLE, char => {
    const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase();
    return `⟨U+${code.padStart(4, '0')}⟩`;
  });
}

/** Code, paths, names and messages as they can be shown. */
export function visible(text: string): string {
  return showInvisible(stripAnsi(text).replace(/\r\n|[\r\u2028\u2029]/g, '\n'));
}

/** What a program printed: a carriage return starts its line anew, as in a terminal. */
export function visibleOutput(text: string): string {
  const lines = stripAnsi(text).replace(/\r+\n/g, '\n').split('\n');
  return visible(lines.map(lastRewrite).join('\n'));
}

function lastRewrite(line: string): string {
  const parts = line.split('\r');
  return parts.findLast(part => part !== '') ?? '';
}

/** The same in one line, at most `length` characters. */
export function visibleLine(text: string, length = 300): string {
  const line = visible(text.slice(0, 4 * length))
    .replace(/\s+/g, ' ')
    .trim();
  const characters = Array.from(line);
  return characters.length <= length ? line : `${characters.slice(0, length - 1).join('')}…`;
}
