/** Where the members of a JSON object stand in its text. */

/** A top-level member: its value's text is `text.slice(start, end)`. */
export interface IMember {
  name: string;
  start: number;
  end: number;
}

/** The members of a valid JSON object in their order; none where `text` is no object. */
export function membersOf(text: string): IMember[] {
  const members: IMember[] = [];
  let at = skipSpace(text, 0);
  if (text[at] !== '{') {
    return members;
  }
  at = skipSpace(text, at + 1);
  while (text[at] === '"') {
    const nameEnd = endOfString(text, at);
    const name = JSON.parse(text.slice(at, nameEnd)) as string;
    const start = skipSpace(text, skipSpace(text, nameEnd) + 1);
    const end = endOfValue(text, start);
    members.push({ name, start, end });
    // Over the comma, if there is one.
    at = skipSpace(text, skipSpace(text, end) + 1);
  }
  return members;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && ' \t\n\r'.includes(text[at])) {
    at += 1;
  }
  return at;
}

/** The end of the string that begins with the quote at `start`. */
function endOfString(text: string, start: number): number {
  let at = start;
  do {
    at = text.indexOf('"', at + 1);
    if (at < 0) {
      return text.length;
    }
  } while (isEscaped(text, at));
  return at + 1;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === '\\') {
    backslashes += 1;
  }
  return backslashes % 2 === 1;
}

function endOfValue(text: string, start: number): number {
  switch (text[start]) {
    case '"':
      return endOfString(text, start);
    case '{':
    case '[':
      return endOfNested(text, start);
    default:
      return endOfWord(text, start);
  }
}

function endOfNested(text: string, start: number): number {
  const marks = /["{}[\]]/g;
  marks.lastIndex = start;
  let depth = 0;
  for (let found = marks.exec(text); found; found = marks.exec(text)) {
    if (found[0] === '"') {
      marks.lastIndex = endOfString(text, found.index);
    } else {
      depth += found[0] === '{' || found[0] === '[' ? 1 : -1;
    }
    if (depth === 0) {
      return marks.lastIndex;
    }
  }
  return text.length;
}

/** A number, `true`, `false` or `null`. */
function endOfWord(text: string, start: number): number {
  const end = /[\s,}\]]/g;
  end.lastIndex = start;
  return end.exec(text)?.index ?? text.length;
}
