/** The times that a teacher can choose to look at. */

import { parseTime, startOfDay } from '../time/format';

export const RANGES = ['lesson', 'today', 'week', 'all', 'custom'] as const;
export type RangeName = (typeof RANGES)[number];

const DAY_MS = 24 * 60 * 60 * 1000;

/** `since` as RFC 3339 in UTC, or null for all. */
export function sinceOf(
  name: RangeName,
  custom: string,
  lesson_started_at: string | null,
  now: number
): string | null {
  const today = startOfDay(now);
  const since = {
    lesson: parseTime(lesson_started_at),
    today,
    // Half a day more or less: a day of a clock change has 23 or 25 hours.
    week: startOfDay(today - 5.5 * DAY_MS),
    all: null,
    custom: parseTime(custom)
  }[name];
  return since === null ? null : new Date(since).toISOString();
}

/** The value of a `datetime-local` field for a time: local, to the minute. */
export function fieldValue(at: number): string {
  const local = at - new Date(at).getTimezoneOffset() * 60_000;
  return new Date(local).toISOString().slice(0, 16);
}
