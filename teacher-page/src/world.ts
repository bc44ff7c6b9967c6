/** What the components get from outside, wired in `main.tsx`. */

import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Api } from './api/api';
import type { Wire } from './api/socket';
import type { Site } from './site';
import type { Clock, Ticker } from './time/clock';

export interface World {
  site: Site;
  api: Api;
  clock: Clock;
  ticker: Ticker;
  connect: () => Wire;
}

export const WorldContext = createContext<World | null>(null);

export function useWorld(): World {
  const world = useContext(WorldContext);
  if (!world) {
    throw new Error('A component stands outside the world.');
  }
  return world;
}

/** The present, in steps of `step_ms`: what depends on it renders once a step. */
export function useNow(step_ms: number): number {
  const { clock, ticker } = useWorld();
  return useSyncExternalStore(ticker.subscribe, () => Math.floor(clock.now() / step_ms) * step_ms);
}
