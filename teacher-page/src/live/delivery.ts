/** What is known of records that are not there, and of a clock that is off. */

import type { DeliveryUpdate } from '../contract';

/** Counts over all of a student's notebooks of the class. */
export interface Delivery {
  missing_events: number;
  dropped_events: number;
  clock_skew_ms: number | null;
}

/** Something to tell about a student's records; `count` is 0 for a clock, `ms` for the others. */
export interface Concern {
  kind: 'dropped' | 'missing' | 'clock_ahead' | 'clock_behind';
  count: number;
  ms: number;
}

const SKEW_MS = 60_000;

/** The delivery that a message tells of. */
export function deliveryOf(message: DeliveryUpdate): Delivery {
  const { missing_events, dropped_events, clock_skew_ms = null } = message;
  return { missing_events, dropped_events, clock_skew_ms };
}

/** What a teacher should know, the worst first. */
export function concernsOf(delivery: Delivery): Concern[] {
  const { missing_events, dropped_events, clock_skew_ms } = delivery;
  const skew_ms = clock_skew_ms ?? 0;
  // The skew is the service's clock less the browser's: a clock that is ahead gives less than 0.
  const clock = skew_ms < 0 ? 'clock_ahead' : 'clock_behind';
  const concerns: Concern[] = [
    { kind: 'dropped', count: dropped_events, ms: 0 },
    { kind: 'missing', count: missing_events, ms: 0 },
    { kind: clock, count: 0, ms: Math.abs(skew_ms) }
  ];
  return concerns.filter(({ count, ms }) => count > 0 || ms >= SKEW_MS);
}

/** Whether records of a student are not there. */
export function isIncomplete({ missing_events, dropped_events }: Delivery): boolean {
  return missing_events > 0 || dropped_events > 0;
}
