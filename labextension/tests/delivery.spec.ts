/** @jest-environment node */
import type { EventResult } from '../src/contract';
import { failureOf, Schedule, settle, waitAfter } from '../src/delivery';
import type { IQueuedEvent } from '../src/queue';
import { RequestError } from '../src/request';

const batch: IQueuedEvent[] = [1, 2].map(key => ({
  key,
  eventId: `event-${key}`,
  body: '{}',
  bytes: 2
}));

const settled = (first: Partial<EventResult>) =>
  settle(
    batch,
    [
      { event_id: 'event-1', status: 'stored', ...first },
      { event_id: 'event-2', status: 'duplicate' }
    ],
    0
  );

describe('settle', () => {
  it('removes what is stored and what already was', () => {
    expect(settled({}).remove).toEqual([1, 2]);
  });

  it('keeps an event that is to be sent again', () => {
    expect(settled({ status: 'retry' })).toMatchObject({ remove: [2], keep: [1] });
  });

  it('puts a rejected event away with its reason', () => {
    const { remove, reject } = settled({ status: 'rejected', code: 'invalid', field: 'code' });
    expect(remove).toEqual([2]);
    expect(reject).toMatchObject([{ key: 1, rejected: { code: 'invalid', field: 'code' } }]);
  });

  it('never throws away what the server takes for another student’s', () => {
    const { remove, reject, foreign } = settled({ status: 'rejected', code: 'wrong_student' });
    expect({ remove, reject, foreign }).toEqual({ remove: [2], reject: [], foreign: [1] });
  });

  it('keeps an event whose result names another one', () => {
    expect(settled({ event_id: 'event-9' })).toMatchObject({ remove: [2], keep: [1] });
  });

  it('keeps an event whose result says what nobody knows', () => {
    const status = 'postponed' as EventResult['status'];
    expect(settled({ status })).toMatchObject({ remove: [2], keep: [1] });
  });
});

describe('failureOf', () => {
  it.each([
    [0, 'network', 'offline'],
    [401, 'not_signed_in', 'signed_out'],
    [403, '', 'signed_out'],
    [403, 'forbidden', 'refused'],
    [404, '', 'no_service'],
    [503, 'no_service', 'no_service'],
    [503, 'unavailable', 'unavailable'],
    [502, '', 'unavailable'],
    [424, '', 'unavailable'],
    [429, 'too_many', 'unavailable'],
    [200, 'no_json', 'unavailable'],
    [400, 'invalid', 'split'],
    [413, 'too_large', 'split'],
    [500, 'internal', 'split']
  ])('takes a %d %s for %s', (status, code, failure) => {
    expect(failureOf(new RequestError(status, code, ''))).toBe(failure);
  });
});

describe('waitAfter', () => {
  const longest = (failures: number, retryAfterMs: number | null = null): number =>
    waitAfter('unavailable', failures, retryAfterMs, () => 1);

  it('doubles from one second to one minute', () => {
    expect([1, 2, 3, 4, 7, 99].map(failures => longest(failures))).toEqual([
      1_000, 2_000, 4_000, 8_000, 60_000, 60_000
    ]);
  });

  it('lets chance spread a class over half of the wait', () => {
    expect(waitAfter('unavailable', 3, null, () => 0)).toBe(2_000);
  });

  it('never comes back before the time that the server asks for', () => {
    expect(waitAfter('unavailable', 1, 20_000, () => 0)).toBe(20_000);
    expect(waitAfter('unavailable', 5, 16_000, () => 0)).toBe(16_000);
  });

  it('does not let a server send it away for longer than ten minutes', () => {
    expect(waitAfter('unavailable', 1, 1e9, () => 0)).toBe(600_000);
  });

  it('asks once a minute where only a person can help', () => {
    expect(waitAfter('signed_out', 1, null, () => 1)).toBe(60_000);
  });
});

describe('Schedule', () => {
  it('sends the first event after a pause at once, and the next with its batch', () => {
    const schedule = new Schedule(250);
    schedule.start(0);
    schedule.ask(1_000);
    expect(schedule.nextAt).toBe(1_000);
    schedule.start(1_000);
    schedule.ask(1_100);
    schedule.ask(1_200);
    expect(schedule.nextAt).toBe(1_250);
  });

  it('begins a batch where more is known to follow, and ends it when nothing is', () => {
    const schedule = new Schedule(250);
    schedule.start(0);
    schedule.ask(1_000, true);
    schedule.ask(1_100, true);
    expect(schedule.nextAt).toBe(1_250);
    schedule.ask(1_120);
    expect(schedule.nextAt).toBe(1_120);
  });

  it('does not let a new event shorten the wait after a failure', () => {
    const schedule = new Schedule(250);
    schedule.start(0);
    schedule.fail(0, 'unavailable', 5_000, () => 0);
    schedule.ask(100);
    schedule.lookIn(100, 10);
    expect(schedule.nextAt).toBe(5_000);
  });

  it('begins with short waits again after a success', () => {
    const schedule = new Schedule(250);
    [1, 2, 3].forEach(() => schedule.fail(0, 'unavailable', null, () => 1));
    schedule.succeed();
    schedule.fail(0, 'unavailable', null, () => 1);
    expect(schedule.nextAt).toBe(1_000);
  });
});
