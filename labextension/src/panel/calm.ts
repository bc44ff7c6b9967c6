/** Keeps the small places calm: what is sent within a moment is not announced as waiting. */

import { useEffect, useState } from 'react';

import type { ISendingState } from '../delivery';

const MOMENT_MS = 1_500;

/** `state`, but as sent while events wait for a moment only and nothing is wrong. */
export function useCalm(state: ISendingState): ISendingState {
  const isBrief = state.state === 'waiting' && state.trouble === null;
  const [isLong, setIsLong] = useState(false);
  useEffect(() => {
    if (!isBrief) {
      return;
    }
    const timer = setTimeout(() => setIsLong(true), MOMENT_MS);
    return () => {
      clearTimeout(timer);
      setIsLong(false);
    };
  }, [isBrief]);
  return isBrief && !isLong ? { ...state, state: 'sent', waiting: 0, memoryCount: 0 } : state;
}
