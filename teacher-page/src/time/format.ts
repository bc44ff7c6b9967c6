/** Times as a teacher says them: relative up to an hour, then the clock, then the date. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A time for reading, in the viewer's zone. `now`: the text for less than ten seconds. */
export function sayTime(at: number, at_present: number, language: string, now: string): string {
  const ago = at_present - at;
  if (ago < 10 * SECOND) {
    return now;
  }
  if (ago < HOUR) {
    return sayAgo(ago, language);
  }
  return sameDay(at, at_present) ? sayClock(at, language) : sayDate(at, at_present, language);
}

function sayAgo(ago: number, language: string): string {
  const words = new Intl.RelativeTimeFormat(language, { style: 'short' });
  if (ago < MINUTE) {
    return words.format(-Math.floor(ago / (10 * SECOND)) * 10, 'second');
  }
  return words.format(-Math.floor(ago / MINUTE), 'minute');
}

/** `10:40`. */
export function sayClock(at: number, language: string): string {
  return new Intl.DateTimeFormat(language, {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23'
  }).format(at);
}

/** `3月2日`, with the year where it is another one. */
export function sayDate(at: number, at_present: number, language: string): string {
  const sameYear = new Date(at).getFullYear() === new Date(at_present).getFullYear();
  const day = { month: 'short', day: 'numeric' } as const;
  return new Intl.DateTimeFormat(language, sameYear ? day : { ...day, year: 'numeric' }).format(at);
}

/** Date and time to the second, for a tooltip or a record. */
export function sayExact(at: number, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' }).format(at);
}

/** `4.6 ms`, `12 s`, `3 min`, `5 h`, `3 days`: two figures, three from 100. */
export function sayDuration(duration_ms: number, language: string): string {
  const [value, unit] = inUnit(duration_ms);
  return new Intl.NumberFormat(language, {
    style: 'unit',
    unit,
    maximumSignificantDigits: value < 100 ? 2 : 3
  }).format(value);
}

function inUnit(duration_ms: number): [value: number, unit: string] {
  if (duration_ms < SECOND) {
    return [duration_ms, 'millisecond'];
  }
  if (duration_ms < MINUTE) {
    return [duration_ms / SECOND, 'second'];
  }
  if (duration_ms < 2 * HOUR) {
    return [duration_ms / MINUTE, 'minute'];
  }
  return duration_ms < 2 * DAY ? [duration_ms / HOUR, 'hour'] : [duration_ms / DAY, 'day'];
}

export function sameDay(first: number, second: number): boolean {
  return startOfDay(first) === startOfDay(second);
}

/** Midnight before `at`, in the viewer's zone. */
export function startOfDay(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

/** An RFC 3339 time in milliseconds since 1970, or null. */
export function parseTime(text: string | null | undefined): number | null {
  const at = text ? Date.parse(text) : NaN;
  return Number.isNaN(at) ? null : at;
}
