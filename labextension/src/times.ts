/** A kernel's times in microseconds, which `Date` would round to milliseconds. */

/** A moment: RFC 3339 in UTC with six digits, and the same in µs since 1970. */
export interface IMoment {
  text: string;
  micros: number;
}

const ISO = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:?\d\d)?$/;

/** Read the `date` of a message's header; null where it holds no time. Without a zone it is UTC. */
export function parseKernelTime(date: unknown): IMoment | null {
  const match = typeof date === 'string' ? ISO.exec(date) : null;
  if (match === null) {
    return null;
  }
  const [, day, time, fraction = '', zone = 'Z'] = match;
  const seconds = Date.parse(`${day}T${time}${zone}`) / 1000;
  return Number.isNaN(seconds) ? null : fromParts(seconds, fraction.slice(0, 6).padEnd(6, '0'));
}

/** From `start` to `end` in ms, to the microsecond; a clock that was set back gives 0. */
export function durationMs(start: IMoment, end: IMoment): number {
  return Math.max(0, end.micros - start.micros) / 1000;
}

/** The later of two moments, of which one may be missing. */
export function later(a: IMoment | null, b: IMoment | null): IMoment | null {
  if (a === null || b === null) {
    return a ?? b;
  }
  return a.micros >= b.micros ? a : b;
}

function fromParts(seconds: number, micros: string): IMoment {
  const text = new Date(seconds * 1000).toISOString().slice(0, 19);
  return { text: `${text}.${micros}Z`, micros: seconds * 1_000_000 + Number(micros) };
}
