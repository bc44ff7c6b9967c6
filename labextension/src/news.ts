/** How the tabs of one user tell each other how sending stands. */

import type { Trouble } from './delivery';

/** What one tab tells the others; `added`: it has kept an event. */
export interface INews {
  added?: boolean;
  trouble: Trouble | null;
  detail: string;
  /** How long to wait; the tabs' own clocks do not agree. */
  retryInMs: number;
}

/** The channel between them. */
export type TabChannel = Pick<BroadcastChannel, 'postMessage' | 'onmessage' | 'close'>;
