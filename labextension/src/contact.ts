/** When the service answered last, and how much it has taken on that day. */

import type { IContact } from './database';

/** What is known after `sent` more events were taken at `at` (ms since 1970). */
export function nextContact(last: IContact | undefined, at: number, sent: number): IContact {
  const day = dayOf(at);
  return { at, day, sentOnDay: sent + (last?.day === day ? last.sentOnDay : 0) };
}

/** The day of a time (ms since 1970) where the browser is: `2026-04-01`. */
export function dayOf(at: number): string {
  const date = new Date(at);
  const parts = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  return parts.map(part => String(part).padStart(2, '0')).join('-');
}

/** How many were sent on the day of `now`. */
export function sentOnDayOf(now: number, last: IContact | undefined): number {
  return last?.day === dayOf(now) ? last.sentOnDay : 0;
}
