import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../api/problems';
import type { ClassProgress } from '../contract';
import { alerted, CLASS, gridRow, NOTEBOOK, opened, ran, snapshot, T0 } from '../testing/examples';
import { LiveStore } from './store';

const channel = `class:${CLASS}`;
let answers: (() => Promise<ClassProgress>)[];
let loads: number;
let silences: number;

function store(): LiveStore {
  return new LiveStore({
    notebook_key: NOTEBOOK,
    load: async () => {
      loads += 1;
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      const progress = (await answer?.()) ?? snapshot([]);
      return { progress, errors: { errors: [], cursor: progress.cursor, next_cursor: null } };
    },
    now: () => T0,
    frame: callback => void setTimeout(callback, 16),
    onSilence: () => (silences += 1)
  });
}

const at_cursor = (cursor: number) => () => Promise.resolve(snapshot([gridRow('ann')], { cursor }));
const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const triesOf = (live: LiveStore) =>
  live.getState().grid?.rows.get('ann')?.cells.get('a')?.tries ?? 0;

beforeEach(() => {
  vi.useFakeTimers();
  answers = [at_cursor(10)];
  loads = 0;
  silences = 0;
});

describe('a live class', () => {
  it('applies what comes while the snapshot is on its way, if it is newer', async () => {
    let arrive: (progress: ClassProgress) => void = () => undefined;
    answers = [() => new Promise(resolve => (arrive = resolve))];
    const live = store();
    live.start();
    live.receive(ran(9, 'ann', 'a'));
    live.receive(ran(11, 'ann', 'a'));
    await wait(20);
    arrive(snapshot([gridRow('ann')], { cursor: 10 }));
    await wait(0);
    expect(triesOf(live)).toBe(1);
  });

  it('shows many messages with one picture', async () => {
    const live = store();
    live.start();
    await wait(0);
    const shown = vi.fn();
    live.subscribe(shown);
    for (let cursor = 11; cursor <= 110; cursor++) {
      live.receive(ran(cursor, 'ann', 'a'));
    }
    await wait(20);
    expect(shown).toHaveBeenCalledTimes(1);
    expect(triesOf(live)).toBe(100);
  });

  it('reads a snapshot after a break in which something was missed', async () => {
    const live = store();
    live.start();
    await wait(3_000);
    answers = [at_cursor(15)];
    live.receive({ event: 'subscribed', channel, cursor: 15 });
    await wait(0);
    expect(loads).toBe(2);
    expect(live.getState().grid?.cursor).toBe(15);
  });

  it('reads none where nothing was missed', async () => {
    const live = store();
    live.start();
    await wait(0);
    live.receive({ event: 'subscribed', channel, cursor: 10 });
    await wait(4_000);
    expect(loads).toBe(1);
  });

  it('reads again where the snapshot on its way was older than the subscription', async () => {
    const live = store();
    live.start();
    live.receive({ event: 'subscribed', channel, cursor: 12 });
    answers = [at_cursor(10), at_cursor(12)];
    await wait(4_000);
    expect(live.getState().grid?.cursor).toBe(12);
  });

  it('reads no two snapshots within two seconds, however many notebooks are opened', async () => {
    const live = store();
    live.start();
    await wait(3_000);
    for (let cursor = 11; cursor < 61; cursor++) {
      live.receive(opened(cursor, 'ann'));
      await wait(100);
    }
    expect(loads).toBeLessThanOrEqual(4);
    expect(loads).toBeGreaterThanOrEqual(3);
  });

  it('keeps what it shows when a snapshot fails, says so, and tries again', async () => {
    const live = store();
    live.start();
    await wait(3_000);
    answers = [() => Promise.reject(new ApiError(503, 'unavailable', ''))];
    live.receive({ event: 'snapshot_needed', channel, cursor: 99 });
    await wait(0);
    expect(live.getState().problem).toBeInstanceOf(ApiError);
    expect(live.getState().grid?.cursor).toBe(10);
    answers = [at_cursor(99)];
    await wait(3_000);
    expect(live.getState()).toMatchObject({ problem: null, grid: { cursor: 99 } });
  });

  it('does not try again where the class is not the viewer’s', async () => {
    answers = [() => Promise.reject(new ApiError(404, 'not_found', ''))];
    store().start();
    await wait(120_000);
    expect(loads).toBe(1);
  });

  it('notices a socket that no longer tells what the service knows', async () => {
    const live = store();
    live.start();
    live.receive({ event: 'subscribed', channel, cursor: 10 });
    await wait(6_000);
    expect(silences).toBe(0);
    answers = [at_cursor(30)];
    await wait(66_000);
    expect(silences).toBe(1);
  });

  it('lists each error of the shown notebook once, the newest first', async () => {
    const live = store();
    live.start();
    await wait(0);
    live.receive(alerted(12, 'ann', 'first'));
    live.receive(alerted(14, 'ann', 'second'));
    live.receive(alerted(14, 'ann', 'second'));
    live.receive({ ...alerted(16, 'ann', 'elsewhere'), notebook_key: 'other' });
    await wait(20);
    const ids = live.getState().errors.map(error => error.execution_id);
    expect(ids).toEqual(['second', 'first']);
  });

  it('ends with its page', async () => {
    const live = store();
    const stop = live.start();
    await wait(0);
    stop();
    live.receive(opened(11, 'ann'));
    await wait(120_000);
    expect(loads).toBe(1);
  });
});
