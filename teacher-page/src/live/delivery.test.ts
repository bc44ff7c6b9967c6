import { describe, expect, it } from 'vitest';
import { concernsOf } from './delivery';

const fine = { missing_events: 0, dropped_events: 0, clock_skew_ms: null };
const kinds = (delivery: object): string[] =>
  concernsOf({ ...fine, ...delivery }).map(({ kind }) => kind);

describe('what a teacher is told of a student’s records', () => {
  it('is nothing where all is there', () => {
    expect(kinds({ clock_skew_ms: 59_999 })).toEqual([]);
  });

  it('is what was lost before what may still come', () => {
    expect(kinds({ missing_events: 1, dropped_events: 2 })).toEqual(['dropped', 'missing']);
  });

  it('says which way a clock is off, from a minute on', () => {
    expect(kinds({ clock_skew_ms: 60_000 })).toEqual(['clock_behind']);
    expect(kinds({ clock_skew_ms: -86_400_000 })).toEqual(['clock_ahead']);
  });
});
